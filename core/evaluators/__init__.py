"""What a character makes of a turn when it is over."""
