"""The same method comes through in every form that a client may choose."""

import aiohttp
import pytest

from bots.sandbox import Stage


@pytest.fixture
def dm(stage: Stage):
    return stage.dm(stage.person("Bob"), stage.bot("Ada"))


@pytest.mark.parametrize("form", ["query", "json", "urlencoded", "multipart"])
async def test_a_message_may_be_sent_in_any_form(stage, dm, form):
    url = f"{stage.root}/bot{stage.bot('Ada').token}/SENDMESSAGE"
    async with aiohttp.ClientSession() as session:
        fields = {"chat_id": str(dm.id), "text": "Grüße & <3"}
        if form == "query":
            request = session.get(url, params=fields)
        elif form == "json":
            request = session.post(url, json=fields)
        elif form == "urlencoded":
            request = session.post(url, data=fields)
        else:
            with aiohttp.MultipartWriter("form-data") as parts:
                for name, value in fields.items():
                    parts.append(value).set_content_disposition("form-data", name=name)
            request = session.post(url, data=parts)
        async with request as answer:
            body = await answer.json()
    assert body["ok"] is True
    assert body["result"]["text"] == "Grüße & <3"


@pytest.mark.parametrize(
    ("path", "status", "description"),
    [
        ("bot1:x/getMe", 401, "Unauthorized"),
        ("bot{token}/fly", 404, "Not Found"),
        ("elsewhere", 404, "Not Found"),
    ],
)
async def test_what_is_not_there_is_refused_as_telegram_does(stage, path, status, description):
    url = f"{stage.root}/" + path.format(token=stage.bot("Ada").token)
    async with aiohttp.ClientSession() as session, session.post(url) as answer:
        assert answer.status == status
        refusal = {"ok": False, "error_code": status, "description": description}
        assert await answer.json() == refusal


async def test_text_that_is_no_utf8_is_refused(stage, dm):
    url = f"{stage.root}/bot{stage.bot('Ada').token}/sendMessage"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    body = b"chat_id=%d&text=%%ff" % dm.id
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=body, headers=headers) as answer,
    ):
        assert (await answer.json())[
            "description"
        ] == "Bad Request: strings must be encoded in UTF-8"


async def test_a_body_that_is_no_json_is_refused(stage):
    url = f"{stage.root}/bot{stage.bot('Ada').token}/getMe"
    headers = {"Content-Type": "application/json"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=b"{", headers=headers) as answer,
    ):
        assert answer.status == 400
