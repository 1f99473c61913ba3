"""What can be set, by whom, and which of several answers wins."""
