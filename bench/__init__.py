"""How fast the house is, measured on this machine: `bench/run NAME`."""
