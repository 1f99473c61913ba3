"""Discord on the local stage: servers and channels, its REST interface and its gateway."""
