"""The long tables of the settings, which no environment changes."""
