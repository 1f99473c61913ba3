"""Whether who writes down what people say would listen along; nothing is said there, or paid for."""

from __future__ import annotations

from core.errors import Finding, ModelError
from core.settings.layers import Settings
from core.speech.casting import along_by
from core.speech.listening_along import ListensToNobody
from core.speech.looking import Seen
from core.speech.roles import Voices

_MEND = "Until then all that somebody says is written down once they are done"


async def look_along(settings: Settings, voices: Voices) -> list[Seen]:
    """Nothing where nobody is to listen along. Raises nothing of the vendor's."""
    line = voices.listen(settings)
    if line is None:
        return []
    whose = f" of {settings.character_name}" if settings.character_name else ""
    where = f"{along_by(line.where.vendor)}{whose}"
    try:
        await line.greet()
    except ListensToNobody as error:
        what = f"{error}; all that somebody says is written down once they are done"
        return [Seen("note", Finding(where, what))]
    except ModelError as error:
        return [Seen("warning", Finding(where, str(error), _MEND))]
    what = f"{line.name} listens while people speak in voice channels"
    return [Seen("note", Finding(where, what))]
