"""Which commands there are, who may give them and where, and what they are called in menus."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from core.flow.cast import Part
from core.messages import Inbound, Menu, Rank, Reply
from core.plugins.records import Command
from core.ports import MakesBots, Offer, Option, OptionKind

MOST = 100
"""Commands that a platform takes."""
LONGEST = 4_000
"""Characters that somebody may fill in."""


def _ours(
    name: str,
    about: str,
    de: str,
    es: str,
    fr: str,
    pt: str,
    ru: str,
    *options: Option,
    who: Rank = Rank.STRANGER,
    direct: bool = True,
    aside: bool = False,
) -> Offer:
    words = {"de": de, "es": es, "fr": fr, "pt": pt, "ru": ru}
    return Offer(name, about, words, who, direct, options=options, aside=aside)


def _option(
    name: str,
    about: str,
    de: str,
    es: str,
    fr: str,
    pt: str,
    ru: str,
    *choices: str,
    kind: OptionKind = OptionKind.TEXT,
    required: bool = False,
    least: int | None = None,
    most: int | None = None,
    suggests: bool = False,
) -> Option:
    words = {"de": de, "es": es, "fr": fr, "pt": pt, "ru": ru}
    return Option(name, about, kind, required, least, most, choices, suggests, words)


CHAT = _ours(
    "chat", "Say something to me",
    "Mir etwas sagen", "Decirme algo", "Me dire quelque chose", "Dizer-me algo",
    "Сказать мне что-нибудь",
    _option(
        "message", "What you want to say",
        "Was du sagen möchtest", "Lo que quieres decir", "Ce que vous voulez dire",
        "O que você quer dizer", "Что вы хотите сказать",
        required=True, most=LONGEST,
    ),
)  # fmt: skip
ASK = _ours(
    "ask", "Ask me something",
    "Mich etwas fragen", "Preguntarme algo", "Me demander quelque chose", "Perguntar-me algo",
    "Спросить меня о чём-нибудь",
    _option(
        "question", "What you want to know",
        "Was du wissen möchtest", "Lo que quieres saber", "Ce que vous voulez savoir",
        "O que você quer saber", "Что вы хотите узнать",
        required=True, most=LONGEST,
    ),
)  # fmt: skip
SUMMARIZE = _ours(
    "summarize", "Sum up what was said here lately",
    "Zusammenfassen, was hier zuletzt gesagt wurde", "Resumir lo que se dijo aquí últimamente",
    "Résumer ce qui s'est dit ici récemment", "Resumir o que foi dito aqui recentemente",
    "Подвести итог тому, что здесь недавно говорили",
    _option(
        "messages", "How many messages: 5 to 50, 20 where you do not say",
        "Wie viele Nachrichten: 5 bis 50, sonst 20", "Cuántos mensajes: de 5 a 50; si no, 20",
        "Combien de messages : de 5 à 50, sinon 20", "Quantas mensagens: de 5 a 50; senão, 20",
        "Сколько сообщений: от 5 до 50, иначе 20",
        kind=OptionKind.NUMBER, least=5, most=50,
    ),
)  # fmt: skip
SETTINGS = _ours(
    "settings", "How I behave in this group: show it, or change it",
    "Wie ich mich in dieser Gruppe verhalte: zeigen oder ändern",
    "Cómo me comporto en este grupo: verlo o cambiarlo",
    "Comment je me comporte dans ce groupe : le voir ou le changer",
    "Como me comporto neste grupo: ver ou mudar",
    "Как я веду себя в этой группе: показать или изменить",
    _option(
        "name", "Which setting; without one, all are shown",
        "Welche Einstellung; ohne sie werden alle gezeigt", "Qué ajuste; sin él se muestran todos",
        "Quel réglage ; sans lui, tous sont montrés", "Qual ajuste; sem ele, todos são mostrados",
        "Какая настройка; без неё показываются все",
        suggests=True,
    ),
    _option(
        "value", "What it is to be; “default” takes it back",
        "Was gelten soll; „default“ nimmt es zurück", "Qué debe ser; «default» lo deshace",
        "Ce que ce doit être ; « default » l'annule", "O que deve ser; “default” desfaz",
        "Каким ей быть; «default» возвращает прежнее",
        most=1_000, suggests=True,
    ),
    who=Rank.ADMIN, direct=False, aside=True,
)  # fmt: skip
START = _ours(
    "start", "Begin a conversation",
    "Ein Gespräch beginnen", "Empezar una conversación", "Commencer une conversation",
    "Começar uma conversa", "Начать разговор",
)  # fmt: skip
HELP = _ours(
    "help", "What I can do",
    "Was ich kann", "Lo que sé hacer", "Ce que je sais faire", "O que sei fazer", "Что я умею",
    aside=True,
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
    aside=True,
)  # fmt: skip
INITIATIVE = _ours(
    "initiative", "Whether I may speak first here: on, off, status",
    "Ob ich hier von selbst sprechen darf: on, off, status",
    "Si puedo hablar aquí por iniciativa propia: on, off, status",
    "Si je peux parler ici de moi-même : on, off, status",
    "Se posso falar aqui por iniciativa própria: on, off, status",
    "Можно ли мне здесь говорить первой: on, off, status",
    _option(
        "state", "Switch it, or see how it is",
        "Umschalten oder nachsehen", "Cambiarlo o ver cómo está", "Changer, ou voir ce qu'il en est",
        "Mudar, ou ver como está", "Переключить или посмотреть",
        "on", "off", "status",
    ),
)  # fmt: skip
_ME = _option(
    "whom", "“me”, to do it; without it you are told what it does",
    "„me“, um es zu tun; ohne das wird dir gesagt, was es tut",
    "«me» para hacerlo; sin ello se te dice qué hace",
    "« me » pour le faire ; sans cela, on vous dit ce que cela fait",
    "“me” para fazer; sem isso, você fica sabendo o que faz",
    "«me», чтобы сделать это; без него будет сказано, что произойдёт",
    "me",
)  # fmt: skip
EXPORT = _ours(
    "export", "“export me”: a file with everything of yours that I keep",
    "„export me“: eine Datei mit allem, was ich von dir habe",
    "«export me»: un archivo con todo lo que guardo de ti",
    "« export me » : un fichier avec tout ce que je garde de toi",
    "“export me”: um arquivo com tudo o que guardo de você",
    "«export me»: файл со всем, что я о вас храню",
    _ME, aside=True,
)  # fmt: skip
FORGET = _ours(
    "forget", "“forget me”: forget everything of you, everywhere",
    "„forget me“: alles von dir vergessen, überall",
    "«forget me»: olvidar todo lo tuyo, en todas partes",
    "« forget me » : oublier tout de toi, partout",
    "“forget me”: esquecer tudo sobre você, em todo lugar",
    "«forget me»: забыть о вас всё и везде",
    _ME, aside=True,
)  # fmt: skip
PAIR = Offer(
    "pair", "Let somebody in: /pair and the code they were given", who=Rank.OPERATOR,
    options=(Option("code", "The code that they were given", required=True, most=40),), aside=True,
)  # fmt: skip
NEWBOT = Offer(
    "newbot", "Make a bot for a character who has none: /newbot NAME", who=Rank.OPERATOR,
    groups=False, options=(Option("name", "Whose bot it will be", required=True, most=100),),
)  # fmt: skip

_NOTES = ("on", "off", "auto", "status")
_CHANNELS = ("join", "leave", "follow", "unfollow", "ignore me", "listen to me", "code")
VOICE = _ours(
    "voice", "Voice messages: on, off, auto; voice channels: join, leave, follow",
    "Sprachnachrichten: on, off, auto; Sprachkanäle: join, leave, follow",
    "Mensajes de voz: on, off, auto; canales de voz: join, leave, follow",
    "Messages vocaux : on, off, auto ; salons vocaux : join, leave, follow",
    "Mensagens de voz: on, off, auto; canais de voz: join, leave, follow",
    "Голосовые сообщения: on, off, auto; голосовые каналы: join, leave, follow",
    _option(
        "action", "What I am to do; without it, how it is",
        "Was ich tun soll; ohne das: wie es steht", "Qué debo hacer; sin ello, cómo está",
        "Ce que je dois faire ; sans cela, où nous en sommes",
        "O que devo fazer; sem isso, como está", "Что мне делать; без этого — как обстоят дела",
        *_NOTES, *_CHANNELS,
    ),
    _option(
        "channel", "Which channel I am to join; without one, yours",
        "In welchen Kanal ich kommen soll; ohne Angabe in deinen",
        "A qué canal debo unirme; sin él, al tuyo", "Quel salon rejoindre ; sans lui, le vôtre",
        "Em que canal devo entrar; sem ele, no seu", "В какой канал мне зайти; иначе — в ваш",
        kind=OptionKind.CHANNEL,
    ),
)  # fmt: skip
_VOICE_NOTES = replace(
    VOICE,
    about="Whether I answer with voice messages: on, off, auto",
    words={
        "de": "Ob ich mit Sprachnachrichten antworte: on, off, auto",
        "es": "Si respondo con mensajes de voz: on, off, auto",
        "fr": "Si je réponds par des messages vocaux : on, off, auto",
        "pt": "Se respondo com mensagens de voz: on, off, auto",
        "ru": "Отвечать ли голосовыми сообщениями: on, off, auto",
    },
    options=(replace(VOICE.options[0], choices=_NOTES),),
)
"""Where there are no voice channels."""

MENU = "settings_menu"
"""What comes back when a setting is chosen from the menu that /settings shows."""

OURS = (
    START, HELP, CHAT, ASK, SUMMARIZE, RESET, MUTE, UNMUTE, WHY, SETTINGS, INITIATIVE, VOICE,
    EXPORT, FORGET, PAIR, NEWBOT,
)  # fmt: skip
TALK = frozenset({CHAT.name, ASK.name})
"""Talk by another way: what a form brings is a message already."""
NAMES = frozenset(one.name for one in OURS)

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
    menus: tuple[Menu, ...] = ()


def offers(part: Part | None) -> tuple[Offer, ...]:
    """Everything that this character understands, ours first; nothing of one who is not there."""
    if part is None:
        return ()
    policy, limits = part.policy, part.platform.limits
    hers = part.gear.repertoire.commands if limits.commands or limits.forms else ()
    idle = {
        name
        for name, used in (
            (CHAT.name, limits.forms),
            (ASK.name, limits.forms),
            (INITIATIVE.name, policy.habits is not None),
            (VOICE.name, limits.voice_notes or limits.voice_rooms),
            (PAIR.name, policy.door.pairs),
            (NEWBOT.name, isinstance(part.platform, MakesBots)),
        )
        if not used
    }
    ours = (_as_here(part, one) for one in OURS if one.name not in idle)
    return (*ours, *(one.offer for one in hers))[:MOST]


def found(part: Part, name: str) -> Offer | None:
    """What is on offer by this name; ours that make no sense for this character say so."""
    if name in TALK and not part.platform.limits.forms:
        return None
    for one in (*OURS, *(command.offer for command in part.gear.repertoire.commands)):
        if one.name == name:
            return _as_here(part, one)
    return None


def _as_here(part: Part, one: Offer) -> Offer:
    return _VOICE_NOTES if one is VOICE and not part.platform.limits.voice_rooms else one


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


def answer(done: Done, lead: Inbound, *, aside: bool = False) -> Reply:
    """What is said of it; `aside` where it was asked for as a matter of one person alone."""
    only_for = lead.author.id if aside or (done.aside and not lead.via) else ""
    if lead.is_direct:
        return Reply(done.say, menus=done.menus, only_for=only_for if aside else "")
    silent = done.aside or aside
    return Reply(done.say, lead.message or None, only_for=only_for, silent=silent, menus=done.menus)
