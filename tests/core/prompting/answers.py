"""Answers that models give, good and bad: what was written, what may be said, what is to be done."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple


class Case(NamedTuple):
    written: str
    text: str
    actions: tuple[str, ...] = ("REPLY",)


_R = ("REPLY",)
_NO = ("IGNORE",)

# Words that have to survive, as they stand in tags and as they are said.
_WORDS = (
    ("Hello there.", "Hello there."),
    ("Fish &amp; chips", "Fish & chips"),
    ("&lt;b&gt;bold&lt;/b&gt;", "<b>bold</b>"),
    ("&amp;lt; is once", "&lt; is once"),
    ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
    ("<b>bold</b> stays", "<b>bold</b> stays"),
    ("if (a<b && c>d) {}", "if (a<b && c>d) {}"),
    ("<![CDATA[a <b> &amp; ]] c]]>", "a <b> &amp; ]] c"),
    ("two\n\nlines", "two\n\nlines"),
    ("a &unknown; b & c", "a &unknown; b & c"),
    ("grüße 😀 日本", "grüße 😀 日本"),
    ("use the `<thought>` tag", "use the `<thought>` tag"),
    ("```python\nprint(x<3)\n```", "```python\nprint(x<3)\n```"),
    ("{{name}} and {x}", "{{name}} and {x}"),
    ("a <svg><text x='1'>b</text></svg> c", "a <svg><text x='1'>b</text></svg> c"),
)
_FRAMES = (
    "<response><actions>REPLY</actions><text>%s</text></response>",
    "<response>\n  <thought>hm</thought>\n  <actions>REPLY</actions>\n  <text>\n%s\n</text>\n</response>\n",
    "<thought>hm</thought><actions>REPLY</actions><text>%s</text>",
    '<?xml version="1.0"?>\n<response type="x"><text lang="en">%s</text></response> bye',
    "<think>plan</think>\n<response><text>%s</text><actions>REPLY</actions></response>",
    "```xml\n<response><text>%s</text></response>\n```",
)
FRAMED = tuple(Case(frame % written, said) for frame, (written, said) in product(_FRAMES, _WORDS))

BY_HAND = (
    # --- tags, more or less -------------------------------------------------------------------
    Case("<response><actions>REPLY, MUTE_ROOM</actions><text>x</text></response>", "x", ("REPLY", "MUTE_ROOM")),
    Case("<response><actions><action>REPLY</action><action>FOLLOW</action></actions><text>x</text></response>", "x", ("REPLY", "FOLLOW")),
    Case("<response><actions><action><name>reply</name></action></actions><text>x</text></response>", "x"),
    Case("<response><actions>IGNORE</actions></response>", "", _NO),
    Case("<response><actions>IGNORE</actions><text></text></response>", "", _NO),
    Case("<response><actions>IGNORE</actions><text>not for me</text></response>", "", _NO),
    Case("<response><text>said</text><actions>IGNORE</actions></response>", "said"),
    Case("<response><actions>NONE</actions></response>", "", ("NONE",)),
    Case("<response><action>STOP</action></response>", "", ("STOP",)),
    Case("<action>REPLY</action>", ""),
    Case("<response><text>cut off in the mid", "cut off in the mid"),
    Case("<response><text>no closer</response>", "no closer"),
    Case("<response><text>no closer<thought>secret</thought></response>", "no closer"),
    Case("<response><text>no closer\n<actions>WAVE</actions></response>", "no closer", ("WAVE",)),
    Case("<response><text>one</text><text>two</text></response>", "one"),
    Case("<response><text></text><text>two</text></response>", "two"),
    Case("<response><text/><text>two</text></response>", "two"),
    Case("<response><text><text>twice</text></text></response>", "twice"),
    Case("<response>just words</response>", "just words"),
    Case("<response>just <b>words</b></response>", "just words"),
    Case("<RESPONSE><TEXT>loud</TEXT></RESPONSE>", "loud"),
    Case("< response><text>spaced</text></response>", "< response><text>spaced</text>"),
    Case("<response ><text >spaced</text ></response >", "spaced"),
    Case("<response><thought>a < b</thought><text>x</text></response>", "x"),
    Case("<response><thought>open <text>x</text></response>", "x"),
    Case("<response><text>a <think>b</think>c</text></response>", "a c"),
    Case("<response><text>x</text></response><response><text>y</text></response>", "x"),
    Case("<output><text>x</text></output>", "x"),
    Case("<response><!-- note --><text>x</text></response>", "x"),
    Case("<response><text>x</text></response>I hope this helps!", "x"),
    Case("<response><text>x</text>I hope this helps!</response>", "x"),
    Case("<response><providers>FACTS, TIME</providers><text>x</text></response>", "x"),
    Case("<response><text>&#72;&#x69; &lt</text></response>", "Hi &lt"),
    Case("<response><text>end &", "end &"),
    Case("<response><text>end <", "end <"),
    Case("<response><text>end </te", "end </te"),
    Case("<response><text>a<![CDATA[b", "ab"),
    Case("<response><actions>REPLY</actions><text>x<|im_end|></text></response>", "x"),
    # --- braces -------------------------------------------------------------------------------
    Case('{"text": "plain json", "actions": ["REPLY"]}', "plain json"),
    Case('{"thought":"t","text":"x","actions":"REPLY, WAVE"}', "x", ("REPLY", "WAVE")),
    Case('```json\n{"text": "fenced"}\n```', "fenced"),
    Case("```\n{'text': 'single'}\n```", "single"),
    Case("{text: 'five', actions: ['REPLY',],}", "five"),
    Case("{\n// note\ntext: 'five', /* more */ }", "five"),
    Case('{"text": "he said "hi" to me"}', 'he said "hi" to me'),
    Case("{'text': 'it's fine'}", "it's fine"),
    Case('{"text": "a\\nb\\t\\"c\\" \\\\ \\u00e9 \\ud83d\\ude00"}', 'a\nb\t"c" \\ é 😀'),
    Case('{"text": "lone \\ud83d end"}', "lone  end"),
    Case('{"text": "raw\nnewline"}', "raw\nnewline"),
    Case('{"text": "cut off in', "cut off in"),
    Case('{"text": "cut \\', "cut"),
    Case('{"text": "cut \\u00', "cut"),
    Case('{"actions": ["IGNORE"]}', "", _NO),
    Case('{"actions": ["IGNORE"], "text": "no"}', "", _NO),
    Case('{"response": {"text": "nested", "actions": ["REPLY"]}}', "nested"),
    Case('{"message": "other name"}', "other name"),
    Case('{"actions": [{"name": "WAVE", "text": "inner"}], "text": "outer"}', "outer", ("WAVE",)),
    Case('{"text": null, "actions": ["WAVE"]}', "", ("WAVE",)),
    Case('{"simple": true, "n": 3.5, "text": "x"}', "x"),
    Case('{"text": "one", "text": "two"}', "one"),
    Case('{"name": "Bob", "age": 3}', '{"name": "Bob", "age": 3}'),
    Case('{"text": "x"} and more', "x"),
    Case("{" * 900, "{" * 900),
    Case('{"a":' * 300, '{"a":' * 300),
    Case("{laughs} hello", "{laughs} hello"),
    # --- talk ---------------------------------------------------------------------------------
    Case("Hello!", "Hello!"),
    Case("  \n Hello!  \n", "Hello!"),
    Case("Ada: Hello!", "Hello!"),
    Case("assistant: Hello!", "Hello!"),
    Case("<|im_start|>assistant\nHello!<|im_end|>", "Hello!"),
    Case("assistant\n\nHello!", "Hello!"),
    Case("IGNORE", "", _NO),
    Case("IGNORE.", "", _NO),
    Case("**NONE**", "", ("NONE",)),
    Case("Ignore that.", "Ignore that."),
    Case("<think>long\nthought</think>Hello!", "Hello!"),
    Case("<thinking>a</thinking>\n\nHello <think>b</think>you", "Hello you"),
    Case("<think>never closed", "", ()),
    Case("</think>Hello!", "Hello!"),
    Case("Sure! Here is my answer:\n<response><text>x</text></response>", "x"),
    Case('Here you go:\n```json\n{"text": "x"}\n```', "x"),
    Case("Sure, with pleasure.", "Sure, with pleasure."),
    Case("Here: it is", "Here: it is"),
    Case("Hello!\n<actions>WAVE</actions>", "Hello!", ("WAVE",)),
    Case("Hello!</response>", "Hello!"),
    Case("<b>bold</b> talk", "<b>bold</b> talk"),
    Case("a < b, <3, </p>", "a < b, <3, </p>"),
    Case("use `<response>` please", "use `<response>` please"),
    Case("```python\nx = {}\n```", "```python\nx = {}\n```"),
    Case("&lt;b&gt; stays in talk", "&lt;b&gt; stays in talk"),
    Case("{{user}} stays", "{{user}} stays"),
    Case("a\x00b\ufeffc", "ab\ufeffc"),
    # --- nothing ------------------------------------------------------------------------------
    Case("", "", ()),
    Case(" \n\t ", "", ()),
    Case("<response></response>", "", ()),
    Case("<response>", "", ()),
    Case("<resp", "<resp"),
    Case("<", "<"),
    Case("{", "{"),
    Case("```", "```"),
    Case("<|", "<|"),
)  # fmt: skip

CASES = FRAMED + BY_HAND
