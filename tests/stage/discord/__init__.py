"""The local Discord, over real sockets and with its real client."""
