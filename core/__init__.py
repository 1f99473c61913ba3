"""Troupe's core: what a character is, hears, thinks and says, with no platform in it."""
