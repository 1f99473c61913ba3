"""The local Telegram, driven by the client that everyone uses."""
