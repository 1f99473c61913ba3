"""Troupe's edges: the platforms, the local stage, the process itself."""
