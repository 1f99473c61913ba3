"""Models: who is asked, in what order, over which wire."""
