"""Which commands there are, who may give them and where, and what they are called in menus."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from core.flow.cast import Part
from core.messages import Inbound, Rank
from core.plugins.records import Command
from core.ports import MakesBots, Offer

MOST = 100
"""Commands that a platform takes."""


def _ours(
    name: str,
    about: str,
    de: str,
    es: str,
    fr: str,
    pt: str,
    ru: str,
    *,
    who: Rank = Rank.STRANGER,
) -> Offer:
    return Offer(name, about, {"de": de, "es": es, "fr": fr, "pt": pt, "ru": ru}, who)


START = _ours(
    "start", "Begin a conversation",
    "Ein Gespräch beginnen", "Empezar una conversación", "Commencer une conversation",
    "Começar uma conversa", "Начать разговор",
)  # fmt: skip
HELP = _ours(
    "help", "What I can do",
    "Was ich kann", "Lo que sé hacer", "Ce que je sais faire", "O que sei fazer", "Что я умею",
)  # fmt: skip
RESET = _ours(
    "reset", "Forget this conversation and begin anew",
    "Dieses Gespräch vergessen und neu beginnen", "Olvidar esta conversación y empezar de nuevo",
    "Oublier cette conversation et recommencer", "Esquecer esta conversa e começar de novo",
    "Забыть этот разговор и начать заново",
)  # fmt: skip
MUTE = _ours(
    "mute", "Be quiet here until I am called by my name",
    "Hier still sein, bis mein Name fällt", "Callar aquí hasta que me llamen por mi nombre",
    "Me taire ici jusqu'à ce qu'on m'appelle par mon nom",
    "Ficar em silêncio aqui até me chamarem pelo nome",
    "Молчать здесь, пока меня не позовут по имени",
    who=Rank.ADMIN,
)  # fmt: skip
UNMUTE = _ours(
    "unmute", "Speak here again",
    "Hier wieder sprechen", "Volver a hablar aquí", "Parler de nouveau ici",
    "Voltar a falar aqui", "Снова говорить здесь",
    who=Rank.ADMIN,
)  # fmt: skip
WHY = _ours(
    "why", "Why I answered, or did not; best in reply to a message",
    "Warum ich geantwortet habe oder nicht; am besten als Antwort auf eine Nachricht",
    "Por qué respondí o no; mejor como respuesta a un mensaje",
    "Pourquoi j'ai répondu ou non ; de préférence en réponse à un message",
    "Por que respondi ou não; de preferência em resposta a uma mensagem",
    "Почему я ответила или нет; лучше в ответ на сообщение",
)  # fmt: skip
INITIATIVE = _ours(
    "initiative", "Whether I may speak first here: on, off, status",
    "Ob ich hier von selbst sprechen darf: on, off, status",
    "Si puedo hablar aquí por iniciativa propia: on, off, status",
    "Si je peux parler ici de moi-même : on, off, status",
    "Se posso falar aqui por iniciativa própria: on, off, status",
    "Можно ли мне здесь говорить первой: on, off, status",
)  # fmt: skip
EXPORT = _ours(
    "export", "“export me”: a file with everything of yours that I keep",
    "„export me“: eine Datei mit allem, was ich von dir habe",
    "«export me»: un archivo con todo lo que guardo de ti",
    "« export me » : un fichier avec tout ce que je garde de toi",
    "“export me”: um arquivo com tudo o que guardo de você",
    "«export me»: файл со всем, что я о вас храню",
)  # fmt: skip
FORGET = _ours(
    "forget", "“forget me”: forget everything of you, everywhere",
    "„forget me“: alles von dir vergessen, überall",
    "«forget me»: olvidar todo lo tuyo, en todas partes",
    "« forget me » : oublier tout de toi, partout",
    "“forget me”: esquecer tudo sobre você, em todo lugar",
    "«forget me»: забыть о вас всё и везде",
)  # fmt: skip
PAIR = Offer("pair", "Let somebody in: /pair and the code they were given", who=Rank.OPERATOR)
NEWBOT = Offer(
    "newbot", "Make a bot for a character who has none: /newbot NAME", who=Rank.OPERATOR,
    groups=False,
)  # fmt: skip

OURS = (START, HELP, RESET, MUTE, UNMUTE, WHY, INITIATIVE, EXPORT, FORGET, PAIR, NEWBOT)
VOICE = "voice"
"""Known, and not on offer as long as there is none."""
NAMES = frozenset({VOICE, *(one.name for one in OURS)})

_WHOM = {
    Rank.MEMBER: "members of this group",
    Rank.ADMIN: "admins of this group",
    Rank.OWNER: "the owner of this group",
    Rank.OPERATOR: "whoever runs me",
}


@dataclass(frozen=True, slots=True)
class Done:
    say: str
    forget_talk: bool = False
    begins: bool = False
    """What is said is the first of a new talk, and remembered."""
    aside: bool = False
    """A matter of whoever gave it alone: no part of the talk, and in a group, where the platform
    can do that, nobody else sees it."""


def offers(part: Part | None) -> tuple[Offer, ...]:
    """Everything that this character understands, ours first; nothing of one who is not there."""
    if part is None:
        return ()
    hers = part.gear.repertoire.commands if part.platform.limits.commands else ()
    policy = part.policy
    idle = {
        name
        for name, used in (
            (INITIATIVE.name, policy.habits is not None),
            (PAIR.name, policy.door.pairs),
            (NEWBOT.name, isinstance(part.platform, MakesBots)),
        )
        if not used
    }
    return (*(one for one in OURS if one.name not in idle), *(one.offer for one in hers))[:MOST]


def found(part: Part, name: str) -> Offer | None:
    """What is on offer by this name; ours that make no sense for this character say so."""
    for one in (*OURS, *(command.offer for command in part.gear.repertoire.commands)):
        if one.name == name:
            return one
    return None


def of_plugin(part: Part, name: str) -> Command | None:
    if name in NAMES:
        return None
    return next((one for one in part.gear.repertoire.commands if one.name == name), None)


def is_ours(inbound: Inbound) -> bool:
    """Whether a command is meant for this character; `/help@another_bot` is not."""
    return not inbound.mentions_others


def refusal(offer: Offer, inbound: Inbound, rank: Rank) -> str:
    """Why it is not done, in words for whoever gave it; empty where it is."""
    if inbound.is_direct and not offer.direct:
        return f"/{offer.name} is for groups."
    if not inbound.is_direct and not offer.groups:
        return f"Write to me directly for /{offer.name}."
    if rank >= offer.who:
        return ""
    return f"Only {_WHOM[offer.who]} can do that."


def helped(part: Part, inbound: Inbound, rank: Rank) -> str:
    """What there is for this person here."""
    lines = [f"/{one.name} – {one.about}" for one in _for(part, inbound, rank)]
    where = "" if inbound.is_direct else " In a group, mention me or reply to me."
    return f"I am {part.character.name}.{where} I also understand:\n\n" + "\n".join(lines)


def _for(part: Part, inbound: Inbound, rank: Rank) -> Iterator[Offer]:
    for one in offers(part):
        if not refusal(one, inbound, rank):
            yield one
