"""RECENT_MESSAGES: the conversation as a text, for those who ask for it."""

from __future__ import annotations

from core.prompting.talk import recent_messages
from core.state import Provider

# The built-in prompt shows the conversation as messages, and a character's template gets it in any
# case; so this text is made only when it is named.
recent = Provider(
    "RECENT_MESSAGES",
    100,
    recent_messages,
    dynamic=True,
    description="The conversation so far.",
    builds=False,
)
