"""What a character recalls."""
