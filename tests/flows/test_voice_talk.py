"""A talk in a voice channel: heard, answered aloud, interrupted, remembered as it was heard."""

from __future__ import annotations

from pathlib import Path

from core.errors import ModelUnavailable
from core.models.scripted import Line, Scripted
from core.ports import ModelRequest
from tests.flows.talk import question, reply, whole
from tests.flows.voice_house import BOB, EVE, LOUNGE, Ada, passes, until, voices

FOX = "The quick brown fox jumps over the dog. Then it sleeps for a very long time in the sun."


async def speaking(ada: Ada, seconds: float) -> None:
    """She has spoken for so long."""
    await until(lambda: ada.channel.mouth.speaking and ada.channel.mouth.played >= seconds)


async def test_what_one_person_says_is_answered_aloud_and_remembered(tmp_path: Path) -> None:
    model = Scripted([reply("Hello Bob. How are you?")])
    async with voices(tmp_path, model) as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        assert await ada.joins() == "I am in Lounge now."
        ada.hears("Good morning.")
        await until(lambda: "How are you?" in ada.speech.said)
        await ada.silent()
        assert await ada.lines() == ["Good morning.", "Hello Bob. How are you?"]
        heard, said = await ada.memories()
        assert heard.metadata["spoken"]
        assert said.metadata["spoken"]
        assert "interrupted" not in said.metadata
        assert ada.outcomes() == [("answered", "spoken-to-us")]
        assert len(ada.discord.texts) == 1  # that she listens, and nothing of the talk
        assert not ada.discord.shown  # nobody sees her type
        assert "spoken aloud" in whole(model.requests[0])


async def test_her_first_sentence_is_heard_while_her_model_still_writes(tmp_path: Path) -> None:
    hanging = Line(("<response><actions>REPLY</actions><text>Hello Bob. And ",), hangs=True)
    async with voices(tmp_path, Scripted([hanging])) as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        await ada.joins()
        ada.hears("Good morning.")
        await speaking(ada, 0.2)
        assert ada.speech.said[-1] == "Hello Bob."


async def test_speech_over_hers_stops_her_and_she_remembers_what_was_heard(tmp_path: Path) -> None:
    model = Scripted([reply(FOX), reply("Right.")])
    async with voices(tmp_path, model) as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        await ada.joins()
        ada.hears("Tell me about the fox.")
        await speaking(ada, 1.0)
        ada.begins()
        played = ada.channel.mouth.played
        ada.insists()
        assert ada.channel.mouth.paused
        ada.ends("No, tell me about the cat.")
        await until(lambda: "Right." in ada.speech.said)
        await ada.silent()
        asked, cut, again, said = await ada.memories()
        assert (asked.content.text, again.content.text, said.content.text) == (
            "Tell me about the fox.", "No, tell me about the cat.", "Right.",
        )  # fmt: skip
        assert cut.metadata["interrupted"]
        assert FOX.startswith(cut.content.text)
        assert abs(len(cut.content.text) * 0.06 - played) <= 0.3
        assert "sleeps" not in whole(model.requests[1])


async def test_a_false_interruption_goes_on_where_it_stopped(tmp_path: Path) -> None:
    async with voices(tmp_path, Scripted([reply(FOX)])) as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        await ada.joins()
        ada.hears("Tell me about the fox.")
        await speaking(ada, 1.0)
        before = ada.channel.mouth.sounded
        for ending in ("dropped", "noise", "nod", "slow"):
            ada.begins()
            ada.insists()
            assert ada.channel.mouth.paused
            if ending == "dropped":
                ada.talk.dropped(BOB.id)
            elif ending == "noise":
                ada.ends("[coughs]")
            elif ending == "nod":
                ada.ends("Mhm, yeah.", speech=0.8)
            else:
                ada.speech.writes_in = 5.0
                ada.ends("...")
            await until(lambda: not ada.channel.mouth.paused)
            assert ada.channel.mouth.speaking
        await ada.silent()
        assert await ada.lines() == ["Tell me about the fox.", FOX]
        assert ada.channel.mouth.sounded - before > 3.0


async def test_who_nods_does_not_even_make_her_pause(tmp_path: Path) -> None:
    async with voices(tmp_path, Scripted([reply(FOX)])) as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        await ada.joins()
        ada.hears("Tell me about the fox.")
        await speaking(ada, 1.0)
        ada.hears("mhm", speech=0.3)
        await ada.silent()
        assert await ada.lines() == ["Tell me about the fox.", FOX]


async def test_who_says_stop_is_obeyed_however_short_it_is(tmp_path: Path) -> None:
    model = Scripted([reply(FOX)])
    async with voices(tmp_path, model) as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        await ada.joins()
        ada.hears("Tell me about the fox.")
        await speaking(ada, 1.0)
        ada.hears("Stop!", speech=0.3)
        await ada.silent()
        _, cut = await ada.memories()
        assert cut.metadata["interrupted"]
        assert len(model.requests) == 1


async def test_nobody_interrupts_her_first_moment_and_nobody_at_all_where_she_is_set_so(
    tmp_path: Path,
) -> None:
    async with voices(tmp_path, Scripted([reply(FOX)])) as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        ada.discord.goes(EVE, LOUNGE)
        await ada.joins()
        ada.clock.step = 0.001
        ada.hears("Ada, tell me about the fox.")
        await speaking(ada, 0.01)
        ada.begins(EVE)
        ada.insists(EVE)
        assert not ada.channel.mouth.paused
        await until(lambda: ada.channel.mouth.paused)
        assert 0.2 <= ada.channel.mouth.played <= 0.4
    another = tmp_path / "another"
    another.mkdir()
    async with voices(another, Scripted([reply(FOX)]), VOICE_INTERRUPTION="0") as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        await ada.joins()
        ada.hears("Ada, tell me about the fox.")
        await speaking(ada, 1.0)
        ada.begins()
        ada.insists()
        assert not ada.channel.mouth.paused


async def test_who_stops_at_and_is_waited_for_and_answered_once(tmp_path: Path) -> None:
    model = Scripted([reply("I see.")])
    async with voices(tmp_path, model) as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        await ada.joins()
        ada.hears("I would like to have milk and")
        await passes(ada.clock, 1.0)
        ada.begins()
        await passes(ada.clock, 2.5)
        ada.ends("some bread.")
        await until(lambda: "I see." in ada.speech.said)
        await ada.silent()
        assert await ada.lines() == ["I would like to have milk and some bread.", "I see."]
        ada.hears("But then I, um")
        await passes(ada.clock, 2.0)
        assert len(model.requests) == 1
        await until(lambda: len(model.requests) == 2)


async def test_who_goes_on_before_her_first_sound_is_answered_once(tmp_path: Path) -> None:
    model = Scripted(lambda request: reply(f"You said: {question(request)}"))
    async with voices(tmp_path, model) as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        await ada.joins()
        ada.hears("What is the weather?")
        ada.begins()  # before she could say anything
        await until(lambda: model.requests)
        await passes(ada.clock, 1.0)
        assert not ada.channel.mouth.speaking
        ada.ends("In Rome, I mean.")
        await until(lambda: ada.channel.mouth.speaking)
        await ada.silent()
        lines = await ada.lines()
        assert lines[:2] == ["What is the weather?", "In Rome, I mean."]
        assert len(lines) == 3
        assert ada.outcomes()[0] == ("answered-by", "spoken-to-us")


async def test_among_several_people_she_wants_to_be_named_or_asked_on(tmp_path: Path) -> None:
    model = Scripted([reply("Sunny.")])
    async with voices(tmp_path, model) as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        ada.discord.goes(EVE, LOUNGE)
        await ada.joins()
        for who, text in (
            (EVE, "Nice weather today."),
            (BOB, "Ada, how will it be tomorrow?"),
            (BOB, "And the day after?"),
            (EVE, "I do not care."),
        ):
            ada.hears(text, who)
            await until(lambda: ada.outcomes() and ada.talk.doing["thinking"])
            await ada.silent()
        await passes(ada.clock, 25)
        ada.hears("So what shall we do?", BOB)
        await passes(ada.clock, 1)
        await ada.silent()
        assert [rule for _, rule in ada.outcomes()] == [
            "not-addressed", "named", "follow-up", "not-addressed", "not-addressed",
        ]  # fmt: skip
        assert "Nice weather today." in await ada.lines()


async def test_two_people_at_once_are_kept_apart_and_each_is_answered(tmp_path: Path) -> None:
    model = Scripted(lambda request: reply(f"To {question(request)[:40]}"))
    async with voices(tmp_path, model) as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        ada.discord.goes(EVE, LOUNGE)
        await ada.joins()
        ada.begins(BOB)
        ada.begins(EVE)
        ada.ends("Ada, what is red?", BOB)
        ada.ends("Ada, what is blue?", EVE)
        await until(lambda: len(model.requests) == 2)
        await ada.silent()
        heard = {one.metadata["entityName"]: one.content.text for one in await ada.memories()}
        assert heard["Bob"] == "Ada, what is red?"
        assert heard["Eve"] == "Ada, what is blue?"
        assert [status for status, _ in ada.outcomes()] == ["answered", "answered"]


async def test_whoever_is_left_out_is_not_even_written_down(tmp_path: Path) -> None:
    async with voices(tmp_path, Scripted()) as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        await ada.joins()
        told = await ada.house.voices.ignore(ada.part, "900", BOB.id, on=True)
        assert told.startswith("I no longer listen to you")
        assert ada.channel.ignored == {BOB.id}
        ada.hears("Can you hear me?")
        await passes(ada.clock, 1)
        assert not ada.speech.written
        # It holds for whenever she comes again.
        await ada.house.voices.leave(ada.part, "900")
        await ada.house.voices.join(ada.part, "900", LOUNGE, BOB.id)
        assert ada.channel.ignored == {BOB.id}
        await ada.house.voices.ignore(ada.part, "900", BOB.id, on=False)
        assert not ada.channel.ignored


async def test_whoever_may_not_talk_to_her_is_not_listened_to(tmp_path: Path) -> None:
    """S-03: nothing of theirs is read, kept or paid for."""
    model = Scripted([reply("Hello Eve.")])
    async with voices(tmp_path, model, DISCORD_ALLOWED_USERS=f'["{EVE.id}"]') as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        ada.discord.goes(EVE, LOUNGE)
        await ada.joins()
        await until(lambda: ada.channel.ignored == {BOB.id})
        ada.hears("Ada, can you hear me?", BOB)
        await passes(ada.clock, 1)
        assert not ada.speech.written
        ada.hears("Ada, and me?", EVE)
        await until(lambda: "Hello Eve." in ada.speech.said)
        await ada.silent()
        assert await ada.lines() == ["Ada, and me?", "Hello Eve."]


async def test_what_no_voice_says_stands_in_the_channels_chat(tmp_path: Path) -> None:
    model = Scripted([reply("Hello Bob. This is unspeakable."), reply("Unsayable altogether.")])
    async with voices(tmp_path, model) as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        await ada.joins()
        ada.speech.fails_at = "un"
        ada.hears("Good morning.")
        await until(lambda: ada.discord.texts[1:] == ["This is unspeakable."])
        await ada.silent()
        ada.speech.fails_at = "Un"
        ada.hears("And now?")
        await until(lambda: ada.discord.texts[2:] == ["Unsayable altogether."])
        await ada.silent()
        assert (await ada.lines())[-1] == "Unsayable altogether."


async def test_code_is_written_where_it_cannot_be_said(tmp_path: Path) -> None:
    text = "Here it is:\n```\nprint(1)\n```"
    async with voices(tmp_path, Scripted([reply(text)])) as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        await ada.joins()
        ada.hears("Show me.")
        await until(lambda: len(ada.discord.texts) == 2)
        assert ada.discord.texts[1] == text
        assert ada.speech.said[-1] == "Here it is:"


async def test_by_setting_what_she_says_stands_in_the_chat_as_well(tmp_path: Path) -> None:
    model = Scripted([reply("Hello Bob.")])
    async with voices(tmp_path, model, DISCORD_VOICE_TEXT="true") as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        await ada.joins()
        ada.hears("Good morning.")
        await until(lambda: ada.discord.texts[1:] == ["Hello Bob."])
        assert "Hello Bob." in ada.speech.said


async def test_an_ear_that_fails_is_told_of_once_and_costs_nobody_the_talk(
    tmp_path: Path, caplog: object
) -> None:
    async with voices(tmp_path, Scripted([reply("Hello Bob.")])) as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        await ada.joins()
        for _ in range(2):
            ada.hears(ModelUnavailable("the ear is away"))
            await passes(ada.clock, 0.5)
        assert ada.house.voices.states()[0]["deaf"] == "the ear is away"
        assert "deaf there: the ear is away" in await ada.house.voices.status(ada.part, "900")
        ada.hears("Good morning.")
        await until(lambda: "Hello Bob." in ada.speech.said)
        assert ada.house.voices.states()[0]["deaf"] == ""


async def test_what_was_spoken_before_a_restart_is_remembered_and_not_answered(
    tmp_path: Path,
) -> None:
    def never(request: ModelRequest) -> Line:
        return Line(hangs=True)

    async with voices(tmp_path, Scripted(never)) as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        await ada.joins()
        clock = ada.clock
        ada.hears("Good morning.")
        await until(lambda: ada.outcomes() == [("new", "")])
    model = Scripted([reply("Hello Bob.")])
    async with voices(tmp_path, model, clock=clock) as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        await ada.joins()
        await ada.house.intake.replay(ada.part.platform.account)
        await until(lambda: ada.outcomes() == [("silent", "spoken-before-restart")])
        assert not model.requests
        assert await ada.lines() == ["Good morning."]


async def test_what_is_kept_as_sound_hangs_on_its_memory(tmp_path: Path) -> None:
    model = Scripted([reply("Hello Bob.")])
    async with voices(tmp_path, model, VOICE_KEEPS_AUDIO="true") as (ada,):
        ada.discord.goes(BOB, LOUNGE)
        await ada.joins()
        sound = ada.hears("Good morning.")
        await until(lambda: "Hello Bob." in ada.speech.said)
        await ada.silent()
        heard, _ = await ada.memories()
        assert heard.content.extra["audio"].endswith(".wav")
        kept = list((tmp_path / "files").glob("*.wav"))
        assert [one.read_bytes()[44:] for one in kept] == [sound]
        await ada.house.janitor.sweep()
        assert kept[0].exists(), "for as long as what was said is remembered"
        await ada.house.forgetting.forget(ada.part.id, heard.author)
        assert not kept[0].exists(), "and no longer"


async def test_two_characters_take_turns_and_hear_each_other(tmp_path: Path) -> None:
    def answers(request: ModelRequest) -> str:
        return reply(
            "I am Ada. It is four." if "About Ada" in request.system else "Bert says five."
        )

    model = Scripted(answers)
    async with voices(tmp_path, model, "Ada", "Bert") as (ada, bert):
        for one in (ada, bert):
            one.discord.goes(BOB, LOUNGE)
            await one.joins()
        for one, other in ((ada, bert), (bert, ada)):
            one.discord.goes(
                other.discord.who[other.part.platform.account.partition(":")[2]], LOUNGE
            )
        both = []

        def watch() -> bool:
            both.append(ada.channel.mouth.speaking and bert.channel.mouth.speaking)
            return "Bert says five." in ada.speech.said and "It is four." in ada.speech.said

        for one in (ada, bert):
            one.hears("Ada and Bert, how much is it?")
        await until(watch)
        await until(lambda: watch() and not bert.channel.mouth.speaking)
        await ada.silent()
        await bert.silent()
        assert not any(both)
        assert "I am Ada. It is four." in await bert.lines()
        assert "Bert says five." in await ada.lines()
