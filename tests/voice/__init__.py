"""Voices through the whole gateway: what people say and hear is sound, from end to end."""
