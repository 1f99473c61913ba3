"""What the platforms publish about themselves, held against what goes over our wires."""
