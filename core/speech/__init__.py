"""Voices and ears: vendors of both, the formats of sound, who is asked for whom."""
