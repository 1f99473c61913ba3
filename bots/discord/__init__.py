"""Discord: one bot account as a Platform, over discord.py."""
