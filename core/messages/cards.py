"""A card in plain Markdown, for where a platform shows none."""

from __future__ import annotations

from core.messages.outgoing import Embed

_WEB = ("https://", "http://")


def words_of_card(card: Embed) -> str:
    """Its title in bold, then its text, its fields and what stands below it; empty for nothing."""
    title = " ".join(card.title.split()).replace("*", "")
    if title:
        title = f"**{title}**"
        if card.url.lower().startswith(_WEB) and " " not in card.url:
            title = f"[{title}]({card.url})"
    fields = "\n".join(filter(None, (_field(name, value) for name, value, _ in card.fields)))
    below = " · ".join(filter(None, (card.footer.strip(), card.at.strip())))
    paragraphs = ("\n".join(filter(None, (title, card.text.strip()))), fields, below)
    return "\n\n".join(filter(None, paragraphs))


def _field(name: str, value: str) -> str:
    name, value = " ".join(name.split()).replace("*", ""), value.strip()
    if name and value:
        return f"**{name}:**{chr(10) if chr(10) in value else ' '}{value}"
    return f"**{name}**" if name else value
