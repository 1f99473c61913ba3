"""Five hundred answers that no model should give, the same ones in every run."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from random import Random

MANY = 500

_WORDS = "well now then I think that you are right about the rain in Oslo , however".split()  # noqa: SIM905 - a sentence
_GOOD = (
    "<response><thought>hm</thought><actions>REPLY</actions><providers></providers>"
    "<text>I think it rains & pours.</text></response>",
    '{"thought": "hm", "actions": ["REPLY"], "text": "I think it \\"rains\\".\\nDo you?"}',
    "```xml\n<response>\n<actions>REPLY</actions>\n<text>One\ntwo</text>\n</response>\n```",
    '```json\n{"response": {"text": "nested", "actions": "REPLY"}}\n```',
    "<think>first this</think>\n<response><text>Then that.</text></response>",
    '<response><actions>LOOK</actions><params>{"LOOK": {"at": "it"}}</params><text>Ah.</text></response>',
)
_PARTS = (
    "<response>", "</response>", "<text>", "</text>", "<thought>", "</thought>", "<actions>", "</actions>",
    "<params>", "</params>", "<think>", "</think>", "<![CDATA[", "]]>", "<!--", "-->", "{", "}", "[", "]",
    '"', "'", ":", ",", "\\", "\\u12", "\\ud83d", '"text"', '"actions"', "REPLY", "IGNORE", "```", "json",
    "\n", " ", "&amp;", "&#x", "<|im_end|>", "<tool_call>", "</tool_call>", "hello", "😀", "\x00", "1e9",
)  # fmt: skip

BY_HAND = (
    "", " ", "\n" * 5000, "\x00" * 100, "\ufeff", "null", "None", "undefined", "true", "[]", "{}", "[object Object]",
    "<", "</", "<>", "{", "}", "[", "]", '"', "'", "\\", "&", "```", "``````", "<|", "<!--", "<![CDATA[", "<?xml",
    # what servers and proxies say in place of a model
    "<!DOCTYPE html>\n<html><head><title>200 OK</title></head><body><h1>It works!</h1></body></html>",
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body><center>nginx</center></body></html>",
    "<HTML><BODY>Please <a href='/login'>sign in</a> to the hotel's wireless</BODY></HTML>",
    "  <!doctype html><script>location='/'</script>",
    "<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Reduce your rate</Message></Error>",
    '{"error": {"message": "The server is overloaded", "type": "server_error", "code": 503}}',
    '{"error":"model not found"}', '{"errors": [{"detail": "no"}]}', '{"detail": [{"loc": ["body"], "msg": "x"}]}',
    'data: {"choices":[{"delta":{"content":"Hel"}}]}\n\ndata: {"choices":[{"del',
    'data: {"choices":[]}\n\ndata: [DONE]\n\n', "data: [DONE]", ": keep-alive\n\n: keep-alive\n\n", 'data:{"a',
    '{"id":"chatcmpl-1","object":"chat.completion","choices":[{"message":{"content":"Hello"}}]}',
    "upstream connect error or disconnect/reset before headers. reset reason: overflow", "429 Too Many Requests",
    # the wrong schema
    '{"text": 5}', '{"text": null}', '{"text": ["a", "b"]}', '{"text": {"text": {"text": "deep"}}}', '{"text": true}',
    '{"actions": {"REPLY": true}}', '{"actions": 7, "text": "x"}', '{"actions": [[["REPLY"]]], "text": "x"}',
    '{"Text": "other case"}', '{"txt": "misspelt"}', '{"thought": "only a thought"}', '[{"text": "in a list"}]',
    '["REPLY", "hello"]', '{"params": {"A": 1}, "text": "x"}', '{"params": [1, 2], "text": "x"}', '{"": ""}',
    "<response><answer><text>deeper</text></answer></response>", "<root><item><text>x</text></item></root>",
    "<response><text>x</response></text>", "<text>a</response>b</text>", "<response><text></response>",
    "<response><actions></actions><text></text></response>", "<actions>REPLY</actions>", "<response/>", "<text/>",
    "<response><response><response><text>x</text></response>", "</response></text></thought>",
    "<response><actions>IGNORE</actions><text>but I say it</text></response>",
    # unclosed, nested, half
    "<response><thought>I will", "<response><text>I will", "<response><text>I will</tex", "<response><te", "<respon",
    '{"text": "I will', '{"text": "I will\\', '{"text": "I will \\u00', '{"text": "\\ud83d', '{"text": "\\ud83d\\u',
    '{"text"', '{"te', '{"text":', '{"text": "a", "actions": ["REPLY"', '{"text": "a",,,}', '{"text": "a"]', '{text',
    "<response><text><![CDATA[never closed", "<response><!-- never closed", "<think>never closed", "<think><think>x</think>",
    "```xml\n```json\n```\n{\"text\": \"nested fences\"}\n```\n```", "```\n```\n```\n", "```json\n```", "```json {",
    "```xml\n<response>\n```xml\n<text>a</text>\n```\n</response>\n```", "````json\n{}\n````",
    # role markers and tokens that leaked
    "<|im_start|>assistant\nHello<|im_end|>", "<|im_start|>assistant<|im_sep|>Hello<|im_end|>", "<|endoftext|>",
    "<|start_header_id|>assistant<|end_header_id|>\n\nHello<|eot_id|>", "<|assistant|>\nHello<|end|>", "<s>Hello</s>",
    "<start_of_turn>model\nHello<end_of_turn>\n<end_of_turn>", "[INST] you [/INST] Hello", "### Assistant:\nHello",
    "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>Hello<|return|>",
    "<|channel|>analysis<|message|>never final", "assistant\nassistant\nHello", "Human: hi\nAssistant: hello",
    "<｜begin▁of▁sentence｜>Hello<｜end▁of▁sentence｜>", "<｜Assistant｜>Hello", "<bos><bos>Hello<eos>",
    # other vendors' calls of tools
    '<tool_call>\n{"name": "look", "arguments": {"at": "it"}}\n</tool_call>', "<tool_call>never closed {",
    '<function=look>{"at": "it"}</function>', "<function_calls><invoke name='x'><parameter>1</parameter></invoke></function_calls>",
    '[TOOL_CALLS] [{"name": "look", "arguments": {}}]', "<|python_tag|>look.call(at='it')", "[TOOL_CALLS",
    '{"name": "look", "parameters": {"at": "it"}}', '{"tool_calls": [{"function": {"name": "look"}}]}',
    "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>look\n```json\n{}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
    "<|tool_calls_section_begin|>x<|tool_calls_section_end|>", '<|tool_call|>[{"name": "look"}]', "<tool_code>print(1)</tool_code>",
    # braces, brackets and escapes without end
    "{" * 900, "[" * 900, '{"a":' * 900, '{"text":' * 900, '{"text":[' * 900, "}" * 900, '{"a":{"b":[' * 300 + "]}}" * 300,
    '"' * 5000, "\\" * 5000, '{"text": "' + "\\" * 5001, '{"text": "' + '"' * 5000, "'" * 5000, "{'" * 2000, "{//" * 2000,
    '{"a": ' + "/*" * 5000, "<" * 5000, "</" * 5000, "<!" * 5000, "<!--" * 2000, "<![CDATA[" * 2000, "&" * 5000, "&#" * 5000,
    "<a>" * 10_000, "<a></a>" * 10_000, "</a>" * 10_000, "<text>" * 10_000, "<response>" * 10_000, "<thought>" * 10_000,
    "<params>" * 10_000, "<response>" + "<params>{" * 5000, "<think>" * 10_000, "<tool_call>" * 5000, "<a b='" * 5000,
    "<response>" + "".join(f"<f{n}>{n}</f{n}>" for n in range(10_000)) + "</response>", "```" * 5000, "```json\n" * 2000,
    '{"text": "' + "\\ud83d" * 5000 + '"}', '{"text": "' + "\\udc00\\ud83d" * 3000 + '"}', '{"text": "\\u0000\\u0001x"}',
    "<response><text>" + "&lt;" * 20_000 + "</text></response>", "<text>" + "]]>" * 5000, "<text>" + "`<" * 5000,
    '{"actions": "' + "A," * 10_000 + '", "text": "x"}', "<actions>" + "A, " * 10_000 + "</actions><text>x</text>",
    "{" + ",".join(f'"k{n}": {n}' for n in range(20_000)) + "}", '{"a": [' + "1," * 100_000 + "1]}", '{"n": ' + "9" * 20_000 + "}",
    # too much of it
    "x" * 20_000_000, "word " * 4_000_000, '{"text": "' + "x" * 20_000_000, "<response><text>" + "on and on " * 2_000_000,
    "{" * 20_000_000, "<" * 20_000_000, '{"a":' * 4_000_000, "\n" * 20_000_000,
    # not even text
    "\x1b[31mred\x1b[0m", "\x07\x08\x0c\x0e", "\ud83d half a pair \ude00", "\u202eevil\u202c", "\u200b" * 2000, "\uffff\ufffe",
    "e" + "\u0301" * 5000, "\x00<response>\x00<text>a\x00b</text>",
)  # fmt: skip


def corpus(seed: int = 26) -> Iterator[str]:
    """All of them: those written by hand, and proper answers that came to harm."""
    yield from BY_HAND
    chance = Random(seed)
    harms = (_cut, _spoiled, _shuffled, _garbage, _doubled, _encoded, _wrapped, _noise)
    for number in range(MANY - len(BY_HAND)):
        yield harms[number % len(harms)](chance)


def _cut(chance: Random) -> str:
    good = chance.choice(_GOOD)
    return good[: chance.randrange(1, len(good))]


def _spoiled(chance: Random) -> str:
    signs = list(chance.choice(_GOOD))
    for _ in range(chance.randrange(1, 12)):
        at = chance.randrange(len(signs))
        signs[at] = chance.choice(("", "<", ">", "{", "}", '"', "\\", "\x00", "&", signs[at] * 2))
    return "".join(signs)


def _shuffled(chance: Random) -> str:
    return "".join(chance.choice(_PARTS) for _ in range(chance.randrange(1, 200)))


def _garbage(chance: Random) -> str:
    return base64.b64encode(chance.randbytes(chance.randrange(1, 3000))).decode()


def _doubled(chance: Random) -> str:
    one, other = chance.choice(_GOOD), chance.choice(_GOOD)
    at = chance.randrange(len(one))
    return one[:at] + other + one[at:]


def _encoded(chance: Random) -> str:
    good = chance.choice(_GOOD)
    for _ in range(chance.randrange(1, 4)):
        good = json.dumps(good)
    return chance.choice((good, good[:-1], good[1:-1]))


def _wrapped(chance: Random) -> str:
    around = chance.choice(
        (
            "<think>{}",
            "```{}",
            "<text>{}",
            '{{"text": "{}"}}',
            "<tool_call>{}",
            "data: {}",
            "<a>{}</b>",
        )
    )
    return around.format(chance.choice(_GOOD))


def _noise(chance: Random) -> str:
    words = [chance.choice((*_WORDS, *_PARTS)) for _ in range(chance.randrange(1, 60))]
    return bytes(" ".join(words), "utf-8", "surrogatepass").decode("latin-1")
