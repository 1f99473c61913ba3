"""Where everything is written down; the only room that speaks SQL."""
