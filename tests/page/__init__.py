"""The stage's page, played in a real browser."""
