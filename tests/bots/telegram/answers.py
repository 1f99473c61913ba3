"""Three hundred answers in Markdown: as models write them, nested, hostile, in any script."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

MODEL_LIKE: tuple[str, ...] = (
    "Sure! Here is how to brew **green tea**:\n\n1. Heat the water to 80 °C.\n2. Add *one* spoon"
    " per cup.\n3. Wait two minutes.\n\n> Never let it boil.\n\nEnjoy! 🍵",
    "## Plan\n\n### Morning\n\n- [ ] feed the owl\n- [x] open the shop\n\n### Evening\n\n"
    "- close up\n  - count the till\n  - water the plants\n\n---\n\nThat is all.",
    "You can read it with `json.loads`:\n\n```python\nimport json\n\ndef read(path: str) -> dict:\n"
    "    with open(path) as file:  # closes itself\n        return json.load(file)\n```\n\nOr, in a"
    " shell:\n\n```sh\njq '.name' < file.json | sort -u\n```",
    "| City | Rain |\n|:-----|-----:|\n| Oslo | 763 |\n| Rome | 804 |\n\nBoth are *wet*.",
    "| Tea | Where it grows | What it tastes like | Price |\n|---|---|---|---|\n"
    "| **Sencha** | Shizuoka, Japan | grass, the sea | 12 € |\n"
    "| Assam | Assam, India | malt, honey, `tannin` | 8 € |\n"
    "| Da Hong Pao | Wuyi, Fujian | stone, roast | ~~900~~ 400 € |",
    "1. First:\n   ```js\n   const owl = 1;\n   ```\n2. Then:\n   - look\n   - listen\n\n     and"
    " wait a while\n3. Done.",
    "See [the manual](https://example.org/tea?kind=green&cup=2#how), or"
    " <https://example.org/faq>, or ask [Bob](https://example.org/~bob).",
    "Honestly, it costs $5 (or $6 with milk), 3 < 4, a && b, x = 2 and 7*6*5 is 210.",
    "**Note:** the ||butler|| did it. ~~Or not.~~ ***Really.***",
    "> Who goes there?\n>\n> > A friend.\n>\n> Pass.\n\nSo it went.",
    'He said: "Don\'t" - and she _did_. Then… nothing. 100% sure? ¯\\\\_(ツ)_/¯',
    "The file is at `C:\\Users\\ada\\tea.txt`, the flag is `--no-milk`, the key `a|b`.",
    "Footnotes[^1] are words here.\n\n[^1]: As one sees.",
    "#tea #owls @ada_bot /start and a.b.c:80/x?y=1",
    "First line  \nsecond line\\\nthird line\n\n\n\nfar below",
)
SCRIPTS: tuple[str, ...] = (
    "שלום **עולם**! הנה רשימה:\n\n- תה ירוק\n- תה שחור עם `code`\n\n> ציטוט קצר.",
    "مرحبا **بالعالم**، هذا _مثال_ على النص:\n\n1. أول\n2. ثان\n\n```\nlet س = ١;\n```",
    "नमस्ते **दुनिया**! क्षत्रिय और श्री। `कोड` _झुका_ हुआ।",
    "こんにちは、**世界**。\n\n| 茶 | 味 |\n|---|---|\n| 煎茶 | 青い |\n| 番茶 | 軽い |",
    "สวัสดี **ชาวโลก** น้ำชา `โค้ด`",
    "한국어 **굵게** _기울임_ 각\u11a8 `코드`",
    "👨‍👩‍👧‍👦 **👍🏽** 🇩🇪🇫🇷 _🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f_ `1️⃣` ||🦉||",
    "e\u0301\u0302 **a\u0308\u0304** Z̷̧̛a̸l̶g̵o̷ _tea_",
    "Mixed: שלום hello مرحبا **abc אבג** 1, 2, 3.",
)
HOSTILE: tuple[str, ...] = (
    "**unclosed bold and `unclosed code",
    "```\nunclosed fence **x**\n| a | b |\n",
    "<script>alert(1)</script> <b>bold?</b> <tg-spoiler>x</tg-spoiler> <a href='x'>y</a>",
    "<!-- hidden? --> &lt;ok&gt; &amp; &#128512; <br/> </div>",
    "[js](javascript:alert(1)) [data](data:text/html,x) [tg](tg://resolve?domain=x) [](https://e.org) x",
    "![](https://evil.example/pixel.png?told=secret) see",
    "[a]: https://example.org\n\n[a] and [b][a] and [c]",
    "*a **b *c **d** e* f** g*",
    "_____ ***** ~~~~~ ````` end",
    "\\*not\\* \\_this\\_ \\`either\\` \\[nor\\](that) \\| \\~",
    "> > > > > > deep\n> > > a\n> b",
    "- - - - - x\n  - y",
    "| a |\n|---|\n| \\| |\n| `\\|` |\n\n| no table\nhere |",
    "a\u200db \u200b\u2060 c\ufeff d \u202eevil\u202c e",
    "\ufdd0 \ufdd1 \ufdd2 \ufdd3 \ufdd4 nobody's signs",
    "tab\tand\x0bodd\x0cspaces\x1f here",
    "$$$ $x$ $$y$$ \\(z\\) costs",
    "````\n```\nfence in fence\n```\n````\n~~~py\ntilde\n~~~",
)

_WORDS = [
    "tea",
    "owl",
    "harbour",
    "the",
    "of",
    "lantern",
    "quietly",
    "because",
    "42",
    "boat",
    "soup",
    "don't",
    "naïve",
    "Straße",
    "winter",
    "—",
    "and",
    "garden",
    "über",
    "3.14",
    "cousin,",
    "letter.",
    "why?",
    "well…",
    "yes!",
    "עולם",
    "شاي",
    "茶",
    "🦉",
    "👩\u200d🚀",
    "é",
    "क्षि",
]


def generated(number: int) -> list[str]:
    """Each of its own seed, so that one that fails can be made again."""
    return [_answer(random.Random(seed)) for seed in range(number)]


def _answer(chance: random.Random) -> str:
    blocks = [_block(chance, 0) for _ in range(chance.choice((1, 1, 2, 2, 3, 3, 5, 5, 8, 25)))]
    return "\n\n".join(blocks)


def _block(chance: random.Random, depth: int) -> str:
    kinds: Sequence[Callable[[random.Random, int], str]] = (
        _paragraph, _paragraph, _paragraph, _heading, _list, _list, _quote, _code, _table, _rule,
    )  # fmt: skip
    return chance.choice(kinds if depth < 2 else kinds[:4])(chance, depth)


def _paragraph(chance: random.Random, depth: int) -> str:
    return " ".join(_inline(chance) for _ in range(chance.choice((3, 8, 30))))


def _inline(chance: random.Random) -> str:
    word = chance.choice(_WORDS)
    words = f"{chance.choice(_WORDS)}x {word}x"
    return chance.choice(
        (
            word, word, word, word, word, word, f"**{words}**", f"*{words}*", f"`{words}`",
            f"[{words}](https://example.org/{chance.randrange(999)})", f"~~{words}~~",
            f"||{words}||", f"***{words}***", f"<{word}", f"{word}\n", f"**{words} `{word}x`**",
        )
    )  # fmt: skip


def _heading(chance: random.Random, depth: int) -> str:
    return "#" * chance.randint(1, 6) + " " + " ".join(chance.choices(("Tea", "Owls", "Nine"), k=3))


def _list(chance: random.Random, depth: int) -> str:
    ordered = chance.random() < 0.5
    items = []
    for number in range(chance.randint(1, 6)):
        mark = f"{number + 1}. " if ordered else "- "
        pad = " " * len(mark)
        inside = [_paragraph(chance, depth).replace("\n", " ")]
        if depth < 2 and chance.random() < 0.4:
            inside.append(chance.choice((_list, _code, _quote))(chance, depth + 1))
        items.append(mark + "\n".join(inside).replace("\n", "\n" + pad))
    return "\n".join(items)


def _quote(chance: random.Random, depth: int) -> str:
    return "> " + _block(chance, depth + 2).replace("\n", "\n> ")


def _code(chance: random.Random, depth: int) -> str:
    lines = [
        f"{' ' * 2 * (n % 3)}line_{n} = '{chance.choice(_WORDS)}'  # *not* <b>"
        for n in range(chance.choice((1, 5, 60)))
    ]
    return f"```{chance.choice(('', 'python', 'js', 'c++'))}\n" + "\n".join(lines) + "\n```"


def _table(chance: random.Random, depth: int) -> str:
    columns = chance.randint(1, 5)
    rows = [
        [
            " ".join(
                chance.choices(
                    ("tea", "owl", "**harbour**", "`x`", "42", "茶"), k=chance.randint(1, 4)
                )
            )
            for _ in range(columns)
        ]
        for _ in range(chance.randint(1, 6))
    ]
    head = ["| " + " | ".join(f"Head{n}" for n in range(columns)) + " |", "|" + "---|" * columns]
    return "\n".join([*head, *("| " + " | ".join(row) + " |" for row in rows)])


def _rule(chance: random.Random, depth: int) -> str:
    return "---"
