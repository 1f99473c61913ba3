"""A character's own template in place of the built-in prompt, as elizaOS fills it in."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from core.character import Character
from core.ports import ModelRequest, Said
from core.prompting.budget import surely_fits, tokens
from core.prompting.sheet import fill
from core.prompting.talk import clock_time, recent_messages, speaker
from core.prompting.templates import Template, TemplateError, written
from core.prompting.words import harmless, named
from core.state import Scene, State

log = logging.getLogger(__name__)

_SHORTER = 6
"""How often a prompt that is too long is tried again with half of the talk."""
_MOST_BLAMED = 1000
# By the template's own text: mended and loaded anew, it is judged anew.
_blamed: dict[tuple[str, str, int], None] = {}


def prompt_of_template(scene: Scene, state: State, most: int) -> ModelRequest | None:
    """The request of the template that fits here best; None where there is none that works."""
    character = scene.character
    for name, template in _templates(scene):
        try:
            text = _filled(scene, state, template, most)
        except TemplateError as error:
            _blame(character.name, name, template, error)
            continue
        return ModelRequest(
            system=fill(character.system or "", character.name, speaker(scene)),
            messages=(Said("user", text),),
        )
    return None


def templates_of(character: Character) -> Mapping[str, Any]:
    """By name; also those that stand among the settings, as Telegram's do (R-41)."""
    others = character.settings.get("templates")
    if not isinstance(others, Mapping):
        return character.templates
    return {**others, **character.templates}


def template_for(scene: Scene, name: str) -> Template | None:
    """The platform's own of that name, else the one for all; None where there is none."""
    given = templates_of(scene.character)
    for key in (f"{_platform(scene)}{name[:1].upper()}{name[1:]}", name):
        template = given.get(key)
        if callable(template) or (isinstance(template, str) and template.strip()):
            return template
    return None


def values_of(scene: Scene, state: State) -> dict[str, Any]:
    """Every name that elizaOS' templates know."""
    return _values(scene, state, len(scene.history))


def _platform(scene: Scene) -> str:
    return scene.inbound[-1].address.platform if scene.inbound else ""


def _templates(scene: Scene) -> Iterator[tuple[str, Template]]:
    """What the character has for this place, the most particular first."""
    given = templates_of(scene.character)
    if not given:
        return
    platform = _platform(scene)
    names = [f"{platform}MessageHandlerTemplate", "messageHandlerTemplate"]
    if scene.is_spoken:
        names[:0] = [f"{platform}VoiceHandlerTemplate", "voiceMessageTemplate"]
    for name in names:
        template = given.get(name)
        if callable(template) or (isinstance(template, str) and template.strip()):
            yield name, template


def _filled(scene: Scene, state: State, template: Template, most: int) -> str:
    history = scene.history
    text = ""
    for _ in range(_SHORTER):
        values = _values(scene, state, len(history))
        # One token is rarely more than these characters; what is cut off is the end of a template
        # that has grown beyond all measure by something else than talk.
        text = written(template, values, most=most * 6)
        if not history or surely_fits((text,), most) or tokens(text) <= most:
            break
        history = history[(len(history) + 1) // 2 :]
    return text


def _values(scene: Scene, state: State, talk: int) -> dict[str, Any]:
    """Every name that elizaOS' templates know; people's words in it are never templates."""
    recent = recent_messages(scene, scene.history[len(scene.history) - talk :])
    sections = [one for one in state.sections if one.name != "RECENT_MESSAGES"]
    if recent is not None:
        at = sum(one.position <= recent.position for one in sections)
        sections.insert(at, recent)
    lead = scene.inbound[-1] if scene.inbound else None
    values: dict[str, Any] = {
        "agentName": scene.character.name,
        "senderName": named(lead.author.name) if lead else "",
        "userName": named(lead.author.name) if lead else "",
        "user": named(lead.author.name) if lead else "",
        "transcript": harmless(lead.text, most=12_000) if lead and lead.spoken else "",
        "currentMessage": harmless(lead.text, most=12_000) if lead else "",
        "roomName": named(scene.place.name) if scene.place.name else "",
        "worldName": named(scene.place.world_name) if scene.place.world_name else "",
        "channelType": scene.place.channel.value,
        "source": lead.address.platform if lead else "",
        "platform": lead.address.platform if lead else "",
        "cue": harmless(scene.cue),
        "unsure": scene.unsure,
        "date": clock_time(scene.now),
        "recentMessages": "",
        **state.values,
        # Written out, a mapping is its texts below each other; so {{providers}} and
        # {{providers.NAME}} both work.
        "providers": {one.name: one.text for one in sections if one.text.strip()},
    }
    if recent is not None:
        values |= {recent.name: recent.text, **recent.values}
    return values


def _blame(character: str, name: str, template: Template, error: TemplateError) -> None:
    key = (character, name, hash(template))
    if key in _blamed:
        return
    if len(_blamed) >= _MOST_BLAMED:
        del _blamed[next(iter(_blamed))]
    _blamed[key] = None
    log.warning("%s: %s cannot be used, the built-in prompt stands in: %s", character, name, error)
