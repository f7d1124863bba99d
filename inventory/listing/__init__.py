"""What is on, with its price and stock: found, read and told."""
