"""Every rule by which something ends, in words for people."""

from __future__ import annotations

from collections.abc import Mapping

_RULES: Mapping[str, str] = {
    # Why she answers.
    "spoken-to-us": "you were alone with me in the voice channel",
    "direct": "this is our direct talk",
    "bypass-type": "I answer everything in rooms of this kind",
    "bypass-source": "I answer everything on this platform",
    "mentioned": "I was mentioned",
    "reply": "it was a reply to me",
    "named": "my name was in it",
    "given-the-word": "another character had given me the word",
    "cue": "it was a moment at which I may speak first",
    "choice": "something was chosen",
    # Why the model may decide.
    "follow-up": "whoever wrote had just been answered by me, and it may have been meant for me",
    "followed": "I follow this room, and join in where I have something to say",
    "model-decides": "nobody clearly spoke to me, and my own judgement decides here",
    "joins-in": "nobody spoke to me, and once in a while I join in where I have something to say",
    "her-thread": "I opened this thread, so that what is said in it is said to me",
    # Why she keeps silent.
    "not-addressed": "nobody spoke to me: no mention, no reply, not my name",
    "addressed-to-another": "it was meant for somebody else",
    "muted": "I am muted here; /unmute changes that",
    "stale": "it was too old by the time I saw it",
    "empty": "there was nothing in it that I can read",
    "bot": "a bot wrote it, and I do not answer bots",
    "hops": "we characters had answered one another often enough; a person is to speak first",
    "enough-exchanged": "that bot and I had exchanged enough in this minute",
    "word-is-anothers": "another character had the word",
    "answered-by-colleague": "another character had answered me, which is no question",
    "not-a-message": "it was no message",
    "declined-by-model": "I judged that it was not meant for me",
    "ignored-by-model": "I chose to say nothing",
    "stopped": "whoever asked wanted no more of it",
    "no-answer": "nothing came to me that was worth saying",
    "never-said": "what another character wanted to say never reached this room",
    "command-of-another": "it was a command that I do not know",
    "spoken-before-restart": "it was said aloud when I was not there to answer it aloud",
    # Speaking first.
    "initiative-off": "I never speak first",
    "initiative-off-here": "speaking first is switched off here; /initiative on changes that",
    "initiative-spent": "I had spoken first often enough that day",
    "unanswered": "nobody had answered what I had said of my own accord before",
    # Who may talk at all.
    "not-allowed": "my settings do not let me talk here",
    "group-not-allowed": "this group is not among those that I talk in",
    "server-not-allowed": "this server is not among those that I talk in",
    "channel-not-allowed": "this channel is not among those that I talk in",
    "directs-off": "I do not talk to people directly",
    "inline-off": "I do not answer what is typed behind my name elsewhere",
    "guest-off": "I do not answer in chats that I am not in",
    "channel-closed": "I do not take part in this channel; /settings channels changes that",
    "quiet": "I speak here only when I am spoken to; /settings quiet changes that",
    "not-paired": "whoever runs me has not let this person in yet",
    "too-many": "it was more than I answer one person within so short a time",
    # What is only noted.
    "room-moved": "the group had only got a new number",
    "bot-made": "a bot was made for one of us, or has another token now",
    "bot-known": "it told of a bot that I look after already",
    "bot-of-nobody": "it told of a bot that nobody who runs me has asked for",
    "world-noted": "it only told what there is on this server",
    "message-noted": "I only took note of it",
    "command-noted": "I only took note of it",
    "edit-answered": "what I had answered was changed, and I changed my answer to it",
    "taken-back": "what was said was taken back; I have forgotten it, and my fresh answer to it",
    "self": "it was my own",
    "edit-noted": "it was a change to something said before; I remember it as it reads now",
    "delete-noted": "it only took something back",
    "stop-noted": "I was asked to stop",
    "reaction-noted": "it was a reaction, which I take note of",
    "press-noted": "it was a button that leads nowhere any more",
    "member-noted": "it only told who came or went",
    "moved-noted": "the group had only got a new number",
    "overheard-noted": "it was another character's, and I only took note of it",
    "cue-noted": "nobody had said anything",
    "other-noted": "it was of a kind that I only take note of",
    # Why she has failed.
    "turn-timeout": "it took longer than I have for one answer",
    "model-unavailable": "no model of mine gave an answer",
}
_COMMAND = "command-"
_BUG = "bug-"


def told(rule: str) -> str:
    """Behind "because"; the rule itself where nobody has found words for it."""
    if words := _RULES.get(rule):
        return words
    if rule.startswith(_COMMAND):
        return f"it was the command /{rule.removeprefix(_COMMAND)}"
    if rule.startswith(_BUG):
        kind = rule.removeprefix(_BUG)
        return f"of a mistake in what I am made of ({kind}), which stands in the log"
    return f"of the rule “{rule}”"


def excuse(rule: str) -> str:
    """To somebody who waits for an answer, and gets none."""
    why = told(rule)
    return f"I did not answer: {'because ' if why.startswith('of ') else ''}{why}."


def has_words(rule: str) -> bool:
    return rule in _RULES or rule.startswith((_COMMAND, _BUG))
