"""How well older talk is found."""
