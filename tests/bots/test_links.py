"""Who logs in where, and who is refused."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import dataclass

import pytest

from bots.links import Plan, plan_links
from core.casting import LoadedCharacter, Roster
from core.character import Character
from core.secrets import Secret
from core.settings.layers import Environment

ONE, TWO = "110201543:" + "a" * 35, "220201543:" + "b" * 35


def cast(*names: str, **secrets: str) -> Roster:
    return Roster(
        tuple(
            LoadedCharacter(
                Character(name=name, bio=("x",)),
                {key: Secret(value) for key, value in secrets.items()},
            )
            for name in names
        )
    )


def test_each_character_gets_the_bot_of_her_own_token() -> None:
    plan = plan_links(
        cast("Eliza", "Ada"),
        Environment.of(
            {"CHARACTER__ELIZA__TELEGRAM_BOT_TOKEN": ONE},
            {"CHARACTER.ADA.TELEGRAM_BOT_TOKEN": TWO},
        ),
    )
    assert [(link.character.name, link.platform, link.account) for link in plan.links] == [
        ("Eliza", "telegram", "telegram:110201543"),
        ("Ada", "telegram", "telegram:220201543"),
    ]
    assert plan.links[1].token == Secret(TWO)
    assert plan.links[1].settings.secret("TELEGRAM_BOT_TOKEN") == Secret(TWO)
    assert (plan.off, plan.findings) == ((), ())


def test_an_unscoped_token_is_the_first_ones_and_the_others_see_their_line() -> None:
    plan = plan_links(
        cast("Eliza", "Mrs Who", "C#?"), Environment.of(dotenv={"TELEGRAM_BOT_TOKEN": ONE})
    )
    assert [link.character.name for link in plan.links] == ["Eliza"]
    assert plan.off[0].line_to_add == (
        "CHARACTER.MRS_WHO.TELEGRAM_BOT_TOKEN=123456:ABC...   # in .env"
    )
    assert plan.off[0].reason == "TELEGRAM_BOT_TOKEN is not set"
    assert plan.off[1].line_to_add.startswith(f"CHARACTER.{plan.off[1].character.id.upper()}.")
    assert plan.findings == ()


@pytest.mark.parametrize("second", [ONE, "110201543:" + "z" * 35])
def test_the_same_bot_twice_is_refused_naming_both_and_the_others_go_on(second: str) -> None:
    plan = plan_links(
        cast("Eliza", "Ada", "Bob"),
        Environment.of(
            {
                "CHARACTER.ELIZA.TELEGRAM_BOT_TOKEN": ONE,
                "CHARACTER.ADA.TELEGRAM_BOT_TOKEN": second,
                "CHARACTER.BOB.TELEGRAM_BOT_TOKEN": TWO,
            }
        ),
    )
    assert [link.character.name for link in plan.links] == ["Bob"]
    (finding,) = plan.findings
    assert "Eliza and Ada have the same bot" in finding.what
    assert [one.character.name for one in plan.off] == ["Eliza", "Ada"]


@pytest.mark.parametrize("wrong", ["sesame", ONE + "x", ONE[:-1], ":" + "a" * 35, "1:sesame 2"])
def test_what_is_no_token_is_refused_without_being_shown(wrong: str) -> None:
    plan = plan_links(cast("Ada", TELEGRAM_BOT_TOKEN=wrong), Environment.of())
    assert plan.links == ()
    (finding,) = plan.findings
    assert finding.where == "TELEGRAM_BOT_TOKEN of Ada, in the character's secrets"
    assert wrong not in f"{plan!r}{finding}"


def test_another_bot_api_server_may_have_tokens_of_its_own_shape() -> None:
    environment = Environment.of({"TELEGRAM_API_ROOT": "http://127.0.0.1:9", "PORT": "1"})
    plan = plan_links(cast("Ada", TELEGRAM_BOT_TOKEN="7:short"), environment)
    assert [link.account for link in plan.links] == ["telegram:7"]
    slash = Environment.of({"TELEGRAM_API_ROOT": "https://api.telegram.org/"})
    assert plan_links(cast("Ada", TELEGRAM_BOT_TOKEN="7:short"), slash).links == ()


@dataclass
class Made:
    token: str


class Boards:
    """A stage: makes a bot for whoever asks."""

    def bot(self, name: str) -> Made:
        return Made(f"{len(name)}:{name}")


def test_on_a_stage_everybody_plays_and_no_configured_token_is_used() -> None:
    environment = Environment.of({"TELEGRAM_BOT_TOKEN": ONE})
    plan = plan_links(cast("Eliza", "Ada"), environment, stages={"telegram": Boards()})
    assert [link.token for link in plan.links] == [Secret("5:Eliza"), Secret("3:Ada")]


def discord_token(bot: str) -> str:
    head = urlsafe_b64encode(bot.encode()).decode().rstrip("=")
    return f"{head}.GabcDE." + "x" * 38


def test_a_discord_token_names_its_bot() -> None:
    for key in ("DISCORD_API_TOKEN", "DISCORD_BOT_TOKEN", "DISCORD_TOKEN"):
        token = discord_token("1089563422341193728")
        plan = plan_links(cast("Ada", **{key: token}), Environment.of())
        assert [(link.platform, link.account) for link in plan.links] == [
            ("discord", "discord:1089563422341193728")
        ]
        assert plan.findings == ()


@pytest.mark.parametrize(
    "wrong",
    [
        "1089563422341193728",
        "a" * 32,
        ONE,
        "?" * 24 + ".GabcDE." + "x" * 38,
        urlsafe_b64encode(b"no number at all..").decode() + ".GabcDE." + "x" * 38,
    ],
)
def test_what_is_no_discord_token_is_refused_with_a_word_on_where_to_find_one(wrong: str) -> None:
    plan = plan_links(cast("Ada", DISCORD_API_TOKEN=wrong), Environment.of())
    assert plan.links == ()
    [finding] = plan.findings
    assert (finding.what, "page Bot" in finding.mend) == ("is not a bot token", True)
    assert wrong not in str(finding)


def test_a_character_may_be_on_one_platform_and_off_another() -> None:
    roster = Roster(
        (
            *cast("Ada", TELEGRAM_BOT_TOKEN=ONE).loaded,
            *cast("Eliza", DISCORD_API_TOKEN=discord_token("1089563422341193728")).loaded,
        )
    )
    plan = plan_links(roster, Environment.of())
    assert [(link.character.name, link.platform) for link in plan.links] == [
        ("Ada", "telegram"),
        ("Eliza", "discord"),
    ]
    assert [(one.character.name, one.platform) for one in plan.off] == [
        ("Ada", "discord"),
        ("Eliza", "telegram"),
    ]


def test_nobody_is_bothered_with_a_platform_that_none_of_them_is_on() -> None:
    assert plan_links(cast("Ada", TELEGRAM_BOT_TOKEN=ONE), Environment.of()).off == ()
    nowhere = plan_links(cast("Ada"), Environment.of())
    assert [one.platform for one in nowhere.off] == ["telegram", "discord"]


def test_no_token_shows_in_a_plan() -> None:
    plan = plan_links(cast("Ada", TELEGRAM_BOT_TOKEN=ONE), Environment.of())
    assert "a" * 20 not in repr(plan)


# --- faces ---------------------------------------------------------------------------------------

BOT = "1089563422341193728"
DISCORD_TOKEN = urlsafe_b64encode(BOT.encode()).decode().rstrip("=") + ".GabcDE." + "x" * 38
ADAS = {"CHARACTER.ADA.DISCORD_API_TOKEN": DISCORD_TOKEN}


def faces(*names: str, **face_of: str) -> Plan:
    variables = {f"CHARACTER.{name.upper()}.DISCORD_FACE_OF": of for name, of in face_of.items()}
    return plan_links(cast(*names), Environment.of({**ADAS, **variables}))


def test_whoever_has_no_bot_may_speak_through_another_ones_with_an_account_of_her_own() -> None:
    plan = faces("Bert", "Ada", bert="ada")
    ada, bert = plan.links
    assert (ada.account, ada.host) == (f"discord:{BOT}", None)
    assert bert.character.name == "Bert"
    assert bert.host is ada
    assert bert.account == f"discord:{BOT}/{bert.character.id}"
    assert bert.token == ada.token
    assert (plan.off, plan.findings) == ((), ())


def test_one_setting_for_all_makes_everybody_else_a_face() -> None:
    plan = plan_links(
        cast("Ada", "Bert", "Carol"), Environment.of({**ADAS, "DISCORD_FACE_OF": "Ada"})
    )
    assert [one.host.character.name if one.host else "" for one in plan.links] == ["", "Ada", "Ada"]
    assert len({one.account for one in plan.links}) == 3


def test_a_bot_of_her_own_counts_before_anothers() -> None:
    plan = plan_links(
        cast("Ada", "Bert"),
        Environment.of(
            {"DISCORD_API_TOKEN": DISCORD_TOKEN, "CHARACTER.ADA.DISCORD_FACE_OF": "Bert"}
        ),
    )
    (ada,) = plan.links
    assert ada.host is None


@pytest.mark.parametrize(
    ("of", "what"),
    [
        ("Nobody", "no character here is called Nobody"),
        ("Carol", "Carol, through whose bot Bert is to speak, has none that works"),
        ("Dora", "Dora, through whose bot Bert is to speak, has none that works"),
    ],
)
def test_who_is_the_face_of_nobody_is_told_so(of: str, what: str) -> None:
    plan = faces("Ada", "Bert", "Carol", "Dora", bert=of, dora="Ada")
    assert [one.character.name for one in plan.links] == ["Ada", "Dora"]
    (finding,) = plan.findings
    assert finding.where.startswith("DISCORD_FACE_OF of Bert, in ")
    assert finding.what == what
    assert [one.reason for one in plan.off if one.character.name == "Bert"] == [what]


def test_a_face_of_a_bot_that_two_have_is_off_with_them() -> None:
    both = {**ADAS, "CHARACTER.CAROL.DISCORD_API_TOKEN": DISCORD_TOKEN}
    plan = plan_links(
        cast("Ada", "Carol", "Bert"),
        Environment.of({**both, "CHARACTER.BERT.DISCORD_FACE_OF": "Ada"}),
    )
    assert plan.links == ()
    assert [one.character.name for one in plan.off] == ["Ada", "Carol", "Bert"]
