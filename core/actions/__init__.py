"""What a character can do without any plugin."""
