"""Telegram: one bot account as a platform."""
