"""What authors add to characters: two doors, one shape."""
