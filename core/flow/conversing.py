"""Talk: whether to answer, the scene, one model call, what is to be done, and one transaction."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.clock import Clock
from core.errors import ModelError
from core.flow.acting import INTERRUPTED, Acting, Carried
from core.flow.after import After
from core.flow.allowance import Allowance
from core.flow.attending import signs
from core.flow.cast import Cast
from core.flow.current import running
from core.flow.deciding import Deciding
from core.flow.etiquette import Choice, Verdict
from core.flow.floor import Floor
from core.flow.noting import Noting
from core.flow.perceiving import Perceiving
from core.flow.plans import Plan
from core.flow.policy import decent
from core.flow.ranks import Ranks
from core.flow.reach import nobody_chose, nothing_to_choose
from core.flow.running_turn import RunningTurn
from core.flow.scenery import Scenery, newest
from core.flow.thinking import Thinking
from core.flow.threads import Threads
from core.flow.till import Till
from core.flow.work import Work
from core.flow.writing import Scribe
from core.ids import CharacterId, RoomId
from core.kept import Task
from core.knowledge.ingest import Librarian
from core.messages import InboundStatus, Reply
from core.plugins.calls import Calls
from core.plugins.records import Deed
from core.ports import ModelRequest, ModelRoles
from core.prompting.reading import Answer
from core.prompting.stock import prompt
from core.state import Scene, State, compose

_SILENT = frozenset({"IGNORE", "NONE", "STOP"})
_DECIDING = ("ANXIETY", "ENTITIES", "CHARACTER", "RECENT_MESSAGES", "ACTIONS")
"""What a small model that decides is shown (R-11); elizaOS' sixth has no provider."""

_MINDFUL = frozenset({"RECALL", "KNOWLEDGE"})

_INTERRUPTED = "I was interrupted there. It may or may not be done; choose again if it is not."

Choices = Callable[[CharacterId, RoomId], Sequence[Mapping[str, Any]]]


class Conversing:
    """Answers what people, colleagues and cues say. Raises ModelError when no model does."""

    def __init__(
        self,
        cast: Cast,
        deciding: Deciding,
        scenery: Scenery,
        thinking: Thinking,
        acting: Acting,
        ranks: Ranks,
        scribe: Scribe,
        floor: Floor,
        after: After,
        models: ModelRoles,
        clock: Clock,
        till: Till,
        allowance: Allowance,
        perceiving: Perceiving,
        threads: Threads,
        choices: Choices = nothing_to_choose,
        chosen: Callable[[Task], object] = nobody_chose,
        librarian: Librarian | None = None,
        noting: Noting | None = None,
        calls: Callable[[Work], Calls | None] = lambda work: None,
    ) -> None:
        """`calls` is what a turn may do in voice channels."""
        self._cast = cast
        self._deciding = deciding
        self._scenery = scenery
        self._thinking = thinking
        self._acting = acting
        self._ranks = ranks
        self._scribe = scribe
        self._floor = floor
        self._after = after
        self._models = models
        self._clock = clock
        self._till = till
        self._allowance = allowance
        self._perceiving = perceiving
        self._threads = threads
        self._choices = choices
        self._chosen = chosen
        self._librarian = librarian
        self._noting = noting
        self._calls = calls

    async def __call__(self, work: Work, verdict: Verdict | None = None) -> None:
        """`verdict` is given where it is not the message that decides."""
        await self._threads.look(work)
        verdict = verdict or self._deciding.verdict(work)
        work.rule = verdict.rule
        turn = self._turn(work)
        with running(turn):
            carried = await self._acting.resume(turn)
            if carried is not None and not carried.tell_more:
                await self._end(turn, None, carried=carried)
            elif verdict.choice is Choice.SILENT and carried is None:
                await self._keep_silent(turn, verdict.rule)
            elif carried is None and (much := self._allowance.refusal(work, verdict)):
                await self._keep_silent(turn, much.rule, say=much.say)
            else:
                async with self._floor.word(work.lead.address, aloud=work.lead.spoken):
                    await self._speak(turn, carried, unsure=verdict.choice is Choice.UNSURE)

    async def carry_out(self, work: Work, plan: Plan | None, rule: str, otherwise: str) -> None:
        """Do what a person has asked for without a model, and say what came of it.

        `otherwise` is said where there is nothing to do, neither now nor left by a crash.
        """
        work.rule = rule
        work.decided()
        turn = self._turn(work)
        with running(turn):
            carried = await self._acting.resume(turn)
            if carried is None and plan is not None:
                carried = await self._acting.carry_out(turn, plan)
            done = carried.done if carried is not None else ()
            failed = [one for one in done if not one.result.success]
            # What the deed itself has said already needs no second answer.
            tell = failed or ([] if turn.responses else done)
            texts = [_interrupted(one) or one.result.text for one in tell]
            said = Answer(text="\n".join(filter(None, texts)) if done else otherwise)
            await self._end(turn, replace(said, actions=("REPLY",)), carried=carried)

    async def _keep_silent(
        self, turn: RunningTurn, rule: str, thought: str = "", say: Reply | None = None
    ) -> None:
        """`say` is no answer, but a word on why there is none."""
        work = turn.work
        work.decided()
        if say is not None:
            await self._scribe.remark(work, say)
        await self._scribe.write(work, InboundStatus.SILENT, rule, thought=thought)
        self._look_back(turn, answered=False)

    async def _speak(self, turn: RunningTurn, carried: Carried | None, *, unsure: bool) -> None:
        work, gear = turn.work, turn.work.part.gear
        scene = await self._scenery.of(work, turn, (), turn.rank, unsure=unsure)
        if self._noting is not None and await self._noting(work):
            scene = replace(scene, aloud=True)
        turn.scene, work.history = scene, scene.history
        with signs(work):
            if unsure and work.part.policy.asks:
                wanted = await self._wants(turn, scene)
                if wanted is False or (wanted is None and work.rule == "model-decides"):
                    rule = "not-addressed" if wanted is None else "declined-by-model"
                    await self._keep_silent(turn, rule)
                    return
                scene = replace(scene, unsure=wanted is None)
            if await self._perceiving(work):
                turn.perceived()
                scene = replace(scene, inbound=newest(work.inbound))
            scene = await self._recall(turn, scene)
            scene, turn.state = await self._gather(turn, scene)
            _keep_in_mind(turn)
            if carried is not None:
                answer = await self._in_the_light(turn, scene, carried)
                await self._end(turn, answer, scene, carried)
                return
            scene, answer = await self._consider(turn, scene)
            if scene.unsure and _SILENT.issuperset(answer.actions) and answer.actions:
                answer = replace(answer, text="")
            plan = self._acting.plan(answer, gear.repertoire.actions)
            if plan is None:
                await self._end(turn, answer, scene)
                return
            await work.clear()
            work.decided()
            self._pass_on(turn, scene, answer)
            carried = await self._acting.carry_out(turn, plan)
            told = await self._in_the_light(turn, scene, carried) if carried.tell_more else None
            await self._end(turn, told, scene, carried)

    async def again(self, work: Work) -> Answer | None:
        """Think over what was answered already, in words alone; None where nothing is to be said."""
        verdict = self.verdict(work)
        # Nobody is told that it is too much: the answer that stands is one.
        quietly = replace(verdict, choice=Choice.UNSURE)
        if verdict.choice is Choice.SILENT or self._allowance.refusal(work, quietly):
            return None
        turn = self._turn(work)
        with running(turn):
            async with self._floor.word(work.lead.address):
                scene = await self._scenery.of(work, turn, (), turn.rank, unsure=False)
                turn.scene, work.history = scene, scene.history
                with work.part.outbox.typing(work.lead.address):
                    if await self._perceiving(work):
                        turn.perceived()
                        scene = replace(scene, inbound=newest(work.inbound))
                    scene = await self._recall(turn, scene)
                    scene, turn.state = await self._gather(turn, scene)
                    _keep_in_mind(turn)
                    _, answer = await self._consider(turn, scene)
        return None if work.batch.stopped.rung or not answer.text else answer

    def verdict(self, work: Work) -> Verdict:
        return self._deciding.verdict(work)

    async def _consider(self, turn: RunningTurn, scene: Scene) -> tuple[Scene, Answer]:
        """Think, and once more where the answer is that more has to be known first."""
        answer = await self._think(turn, scene)
        if answer.providers:
            offered = scene.actions
            scene = _thought_over(scene)
            providers = turn.work.part.gear.repertoire.providers
            turn.state = await compose(
                scene, providers, answer.providers, only=True, onto=turn.state
            )
            _keep_in_mind(turn)
            if not answer.text and not self._acting.plan(answer, offered):
                # Once: who would look up for ever never answers.
                turn.state = turn.state.without("PROVIDERS")
                answer = await self._think(turn, scene)
        return scene, answer

    async def _recall(self, turn: RunningTurn, scene: Scene) -> Scene:
        """What comes to mind, for whoever of the providers tells of it."""
        told = (one.name for one in turn.work.part.gear.repertoire.providers)
        if scene.remember is None or _MINDFUL.isdisjoint(told):
            return scene
        remembered = await scene.remember(scene)
        for one in remembered:
            turn.work.known.learn(one.memory.content.text)
        turn.scene = replace(scene, remembered=remembered)
        return turn.scene

    async def _gather(self, turn: RunningTurn, scene: Scene) -> tuple[Scene, State]:
        """The scene with what may be done in it, and what providers say of it."""
        repertoire = turn.work.part.gear.repertoire
        able = () if turn.work.mends else repertoire.actions
        if not any(one.plugin and one.offered for one in able):
            scene = replace(scene, actions=await self._acting.offered(turn, able))
            turn.scene = scene
            return scene, await compose(scene, repertoire.providers)
        # Validators of plugins look at the state; what is on offer comes in after them.
        others = [one for one in repertoire.providers if one.name != "ACTIONS"]
        turn.state = await compose(scene, others)
        scene = replace(scene, actions=await self._acting.offered(turn, repertoire.actions))
        turn.scene = scene
        state = await compose(scene, repertoire.providers, ["ACTIONS"], only=True, onto=turn.state)
        return scene, state

    async def _think(self, turn: RunningTurn, scene: Scene) -> Answer:
        known = turn.work.known

        def shown(text: str, final: bool) -> str:
            return decent(text, known, final=final)

        return await self._thinking.answer(turn.work, prompt(scene, turn.state), shown)

    async def _in_the_light(self, turn: RunningTurn, scene: Scene, carried: Carried) -> Answer:
        """Put into words what came of it; without a model, as it stands."""
        deeds = tuple((one.action, one.result.text or one.result.error) for one in turn.deeds)
        scene = replace(scene, deeds=deeds, unsure=False)
        providers = turn.work.part.gear.repertoire.providers
        turn.state = await compose(scene, providers, ["ACTION_STATE"], only=True, onto=turn.state)
        try:
            return await self._think(turn, scene)
        except ModelError:
            results = (one.result.text or one.result.error for one in carried.done)
            return Answer(text="\n".join(filter(None, results)), actions=("REPLY",))

    async def _end(
        self,
        turn: RunningTurn,
        answer: Answer | None,
        scene: Scene | None = None,
        carried: Carried | None = None,
    ) -> None:
        work, lead = turn.work, turn.work.lead
        await work.clear()
        work.decided()
        text = answer.text if answer is not None else ""
        if not text and (carried is None or not (carried.said or carried.done)):
            declined = answer is not None and _SILENT.intersection(answer.actions)
            rule = "ignored-by-model" if declined else "no-answer"
            rule = "stopped" if work.batch.stopped.rung else rule
            await self._keep_silent(turn, rule, answer.thought if answer else "")
            return
        if answer is not None and scene is not None:
            self._pass_on(turn, scene, answer)
        first = not (lead.is_direct or turn.responses)
        # What is on show in the channel already stays there.
        opens = first and text and work.growing is None and not lead.spoken
        title = self._threads.title(work) if opens else ""
        if text:
            self._threads.answered(work, title)
        self._deciding.answered(work)
        await self._scribe.write(
            work,
            InboundStatus.ANSWERED,
            "stopped" if work.batch.stopped.rung else work.rule,
            say=Reply(text, (lead.message or None) if first else None, thread=title)
            if text
            else None,
            thought=answer.thought if answer else "",
            actions=answer.actions if answer else (),
        )
        # Whoever goes on in a thread is not followed here.
        work.spot.answered("" if title else lead.author.id, self._clock.monotonic())
        self._look_back(turn, answered=True)

    # --- before and after ----------------------------------------------------------------------

    def _turn(self, work: Work) -> RunningTurn:
        part = work.part
        return RunningTurn(
            work,
            scribe=self._scribe,
            ranks=self._ranks,
            models=self._models,
            gear=part.gear,
            message=work.message,
            call=self._till.call,
            parts=self._cast.on,
            choices=self._choices,
            chosen=self._chosen,
            librarian=self._librarian,
            calls=self._calls,
        )

    async def _wants(self, turn: RunningTurn, scene: Scene) -> bool | None:
        """The character's own template decides, by the small model (R-37); None where none does."""
        if not self._deciding.has_template(scene):
            return None
        providers = turn.work.part.gear.repertoire.providers
        state = await compose(scene, providers, _DECIDING, only=True)

        def ask(request: ModelRequest) -> AsyncGenerator[str, None]:
            return self._thinking.small(turn.work, request)

        return await self._deciding.consult(scene, state, ask)

    def _pass_on(self, turn: RunningTurn, scene: Scene, answer: Answer) -> None:
        """The word, to whom the answer names: before any of the others hears it."""
        work = turn.work
        address = work.lead.address
        if not answer.text or work.lead.is_direct:
            return
        self._floor.taken(address)
        named = self._cast.called(answer.next, self._floor.others(scene.inbound[-1].address))
        if named is not None:
            self._floor.give(address, named, self._clock.monotonic(), self._clock.now())

    def _look_back(self, turn: RunningTurn, *, answered: bool) -> None:
        gear = turn.work.part.gear
        # Most of them most of the time have nothing to look at; a job for each would cost more.
        called = [one for one in gear.repertoire.evaluators if answered or one.always]
        called = [one for one in called if one.due is None or one.due(turn)]
        if called:
            self._after.look_back(
                turn,
                called,
                answered=answered,
                events=gear.events,
                then=turn.settle,
            )


def _thought_over(scene: Scene) -> Scene:
    """Nobody is told twice that there may be more to remember."""
    before = scene.remembered
    return scene if before is None else replace(scene, remembered=replace(before, more=False))


def _keep_in_mind(turn: RunningTurn) -> None:
    """For the turn's record: where it is and why, who told of it, and none of anybody's words."""
    sections = turn.state.sections
    turn.work.recalled = tuple(
        one for section in sections for one in section.data.get("recalled") or ()
    )
    turn.work.providers = tuple(section.name for section in sections if section.text)


def _interrupted(deed: Deed) -> str:
    return _INTERRUPTED if deed.result.error == INTERRUPTED else ""
