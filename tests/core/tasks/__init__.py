"""Stored tasks: when they are due, who does them, what a crash leaves of them."""
