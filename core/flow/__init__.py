"""How one message travels: intake, mailbox, turns, outbox; it knows ports only."""
