"""The offline model's script: keywords by rank, what they pick out, what is said then."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """`{0}` in a reply is what the pattern picked out, turned to the other person's view."""

    rank: int
    pattern: re.Pattern[str]
    replies: tuple[str, ...]


def _rule(rank: int, pattern: str, *replies: str) -> Rule:
    return Rule(rank, re.compile(pattern, re.IGNORECASE), replies)


_REST = r"\s+([^.!?;\n]{1,120})"

RULES: tuple[Rule, ...] = tuple(
    sorted(
        (
            _rule(
                90,
                r"\b(?:are you|you are|you're) (?:an? )?(?:ai|bot|robot|machine|computer|program)\b"
                r"|\bwhat model\b|\bare you (?:real|human)\b|\bapi key\b|\bhow do you work\b",
                "I am {name}, and for now I run without a model key: a small script finds my words. "
                "Add OPENAI_API_KEY to .env and I will have much more to say.",
            ),
            _rule(
                85,
                r"\bwho are you\b|\bwhat(?:'s| is) your name\b|\bintroduce yourself\b"
                r"|\btell me about yourself\b|\bwhat are you\b",
                "I am {name}. {about}",
                "{name} is my name. {about}",
            ),
            _rule(
                82,
                r"\bwhat can you do\b|\bhelp me\b|^\W*help\W*$",
                "I can listen, ask and remember what you said. {topic} For real answers I need a "
                "model: add OPENAI_API_KEY to .env.",
            ),
            _rule(
                80,
                r"\b(?:thanks|thank you|thx|cheers)\b",
                "You are welcome. What else is on your mind?",
                "Gladly. Shall we go on?",
                "Any time.",
            ),
            _rule(
                78,
                r"^\W*(?:good ?bye|bye|see you|good night|cu|farewell)\b",
                "Goodbye. It was good to talk with you.",
                "Until next time. I will be here.",
            ),
            _rule(
                76,
                r"^\W*(?:hi|hello|hey|hallo|good (?:morning|evening|afternoon)|greetings)\b[^?]{0,24}$",
                "Hello! I am {name}. What is on your mind?",
                "Hello. {name} here. How are you today?",
                "Good to see you. What shall we talk about? {topic}",
            ),
            _rule(
                74,
                r"\bhow are you\b|\bhow(?:'s| is) it going\b|\bwhat'?s up\b",
                "I am well, thank you. And you?",
                "Well enough to listen. How are you?",
            ),
            _rule(
                60,
                rf"\bi (?:am|feel)\s+(?:so |very |really )?(sad|lonely|depressed|tired|afraid|anxious|"
                rf"angry|unhappy|lost)\b(?:{_REST})?",
                "I am sorry that you are {0}. Since when do you feel so?",
                "What do you think makes you {0}?",
            ),
            _rule(
                58,
                r"\bi (?:am|feel)\s+(?:so |very |really )?(happy|glad|proud|excited|relieved)\b",
                "What makes you {0} just now?",
                "That is good to hear. What happened?",
            ),
            _rule(
                55,
                rf"\bi (?:dreamed|dreamt)(?: of| about| that)?{_REST}",
                "What does {0} mean to you, now that you are awake?",
            ),
            _rule(
                52,
                rf"\bi remember{_REST}",
                "Do you often think of {0}?",
                "What brings {0} back to you today?",
            ),
            _rule(
                50,
                rf"\bi (?:want|need|would like)(?: to have)?{_REST}",
                "What would it change if you got {0}?",
                "Why {0}, of all things?",
                "Suppose you had {0} tomorrow. What then?",
            ),
            _rule(
                48,
                rf"\bi (?:can't|cannot|can not){_REST}",
                "What stands between you and that: to {0}?",
                "Perhaps you could {0} now. Have you tried lately?",
            ),
            _rule(
                46,
                rf"\bi (?:think|believe|guess){_REST}",
                "What makes you think {0}?",
                "Are you sure that {0}?",
            ),
            _rule(
                45,
                r"\bmy (mother|father|mom|mum|dad|sister|brother|wife|husband|son|daughter|friend|"
                r"boss|cat|dog)\b",
                "Tell me more about your {0}.",
                "What comes to mind first when you think of your {0}?",
            ),
            _rule(
                44,
                rf"\bi (?:am|'m)\b{_REST}|\bi'm{_REST}",
                "How long have you been {0}?",
                "Do you like being {0}?",
            ),
            _rule(
                42,
                rf"\bi feel{_REST}",
                "Do you often feel {0}?",
                "When did you first feel {0}?",
            ),
            _rule(
                40,
                rf"\byou are{_REST}|\byou're{_REST}",
                "What makes you think I am {0}?",
                "Would you like it better if I were not {0}?",
            ),
            _rule(
                38,
                r"\bwhy don'?t you\s+([^.!?;\n]{1,120})",
                "Should I {0}? Perhaps in time I will.",
            ),
            _rule(
                36,
                rf"\b(?:can|could|would) you{_REST}",
                "What would you do with it if I could {0}?",
                "You would like me to {0}. What for?",
            ),
            _rule(
                34,
                rf"\bbecause{_REST}",
                "Is that the only reason?",
                "And if it were not so that {0}?",
            ),
            _rule(
                32,
                rf"\bi (?:like|love|enjoy){_REST}",
                "What is it about {0} that you like?",
                "When did you first find out that you like {0}?",
            ),
            _rule(
                30,
                rf"\bi (?:hate|dislike){_REST}",
                "What has {0} done to you?",
            ),
            _rule(
                28,
                r"\b(?:always|never|everybody|everyone|nobody)\b",
                "Really? Can you think of one exception?",
                "Which case do you think of in particular?",
            ),
            _rule(
                26,
                rf"\bmy{_REST}",
                "Your {0}: tell me more.",
                "What does it mean to you, your {0}?",
            ),
            _rule(
                20,
                r"^\W*(?:what|who|when|where|why|how|which|is|are|do|does)\b.*\?",
                "What do you think yourself?",
                "A good question. What answer would please you most?",
                "What makes you ask?",
            ),
            _rule(
                15,
                r"^\W*(?:yes|yeah|yep|sure|ok|okay|of course)\W*$",
                "You sound sure. Go on.",
                "Good. And then?",
            ),
            _rule(
                15,
                r"^\W*(?:no|nope|never|not really)\W*$",
                "Why not?",
                "Is that a no for good, or for now?",
            ),
            _rule(
                10,
                r"\b(?:perhaps|maybe)\b",
                "You do not seem certain. What would make you so?",
            ),
        ),
        key=lambda rule: -rule.rank,
    )
)

RECALLED: tuple[str, ...] = (
    "Earlier you spoke of your {0}. Does this have to do with it?",
    "I am still thinking of your {0}. How does this go together?",
)
ELSE: tuple[str, ...] = (
    "Please go on.",
    "Tell me more about that. {topic}",
    "What does that suggest to you?",
    "I see. And how do you feel about it?",
    "{topic} But first: what lies behind this?",
)

_TURNED = {
    "i": "you", "me": "you", "my": "your", "mine": "yours", "myself": "yourself", "am": "are",
    "i'm": "you are", "i've": "you have", "i'll": "you will", "i'd": "you would",
    "you": "I", "your": "my", "yours": "mine", "yourself": "myself", "you're": "I am",
    "you've": "I have", "you'll": "I will", "we": "you", "our": "your", "us": "you",
}  # fmt: skip
_WORD = re.compile(r"[A-Za-z']+")


def turned(text: str) -> str:
    """From the speaker's view to the listener's: "my cat likes me" is "your cat likes you"."""
    return _WORD.sub(lambda word: _TURNED.get(word[0].lower(), word[0]), text).strip()
