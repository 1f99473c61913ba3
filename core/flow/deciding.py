"""Whether a turn answers: etiquette, who has the word, and where asked for, a small model."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable

from core.clock import Clock
from core.flow import house_rules
from core.flow.cast import Cast
from core.flow.etiquette import Choice, Circumstances, Verdict, Word, decide
from core.flow.floor import Floor
from core.flow.joining import RULE, Joining
from core.flow.threads import Threads
from core.flow.work import Work
from core.messages import Inbound
from core.ports import ModelRequest
from core.prompting.custom import template_for, values_of
from core.prompting.dynamic import Options, Row, level_of, prompt_exec
from core.prompting.templates import TemplateError
from core.state import Scene, State

_SILENT = frozenset({"IGNORE", "NONE", "STOP"})
_UNCALLED = frozenset({"not-addressed", "followed"})
_ROWS = (Row("reasoning"), Row("action", required=True))

Ask = Callable[[ModelRequest], AsyncGenerator[str, None]]


class Deciding:
    """Rules first, each with a name that is written down."""

    def __init__(
        self,
        cast: Cast,
        floor: Floor,
        clock: Clock,
        threads: Threads,
        missed: Callable[[Inbound], str] = lambda one: "",
    ) -> None:
        """`missed` is the rule by which what was spoken is not answered aloud any more, if any."""
        self._cast = cast
        self._floor = floor
        self._clock = clock
        self._threads = threads
        self._missed = missed
        self._joining = Joining()

    def verdict(self, work: Work) -> Verdict:
        """The strongest verdict on any of the open messages: one question among chatter counts."""
        best: Verdict | None = None
        for one in work.inbound:
            verdict = house_rules.bounded(self._on(work, one), work.rules)
            if verdict.choice is Choice.ANSWER:
                return verdict
            if best is None or verdict.choice is Choice.UNSURE:
                best = verdict
        assert best is not None
        return best

    def _on(self, work: Work, one: Inbound) -> Verdict:
        part, spot, now = work.part, work.spot, self._clock.monotonic()
        colleague = self._cast.is_colleague(one.address.platform, one.author.id)
        follows = spot.just_answered(one.author.id, now, aloud=one.spoken)
        verdict = decide(
            one,
            part.policy.manners,
            Circumstances(
                now=self._clock.now(),
                muted=spot.muted,
                followed=spot.followed,
                colleague=colleague,
                hops=spot.hops,
                follow_up=follows,
                others=self._others(one) if follows or spot.followed else (),
                hers=self._threads.is_hers(one.address),
                word=self._word(one, now) if colleague else Word.FREE,
                missed=self._missed(one) if one.spoken else "",
            ),
        )
        most = part.policy.manners.joins
        if most is not None and verdict.rule in _UNCALLED and not one.author.is_bot:
            looks = self._joining.may_look(one.address, one.id, most, now)
            return Verdict(*((Choice.UNSURE, RULE) if looks else (Choice.SILENT, "not-addressed")))
        if verdict.rule == "not-addressed" and part.policy.asks and not one.author.is_bot:
            return Verdict(Choice.UNSURE, "model-decides")
        if verdict.choice is Choice.SILENT or not one.author.is_bot:
            return verdict
        exchanges = part.policy.manners.pair_exchanges
        if not self._floor.may_exchange(one.address, one.author.id, exchanges, now):
            return Verdict(Choice.SILENT, "enough-exchanged")
        return verdict

    def _others(self, one: Inbound) -> tuple[str, ...]:
        here = filter(None, map(self._cast.on, self._floor.others(one.address)))
        names = (name for part in here for name in part.policy.manners.names)
        return tuple(sorted(names))

    def answered(self, work: Work) -> None:
        """She is about to say something."""
        if work.rule == RULE:
            self._joining.joined(work.lead.address, self._clock.monotonic())

    def _word(self, one: Inbound, now: float) -> Word:
        given = self._floor.given_to(one.address, now)
        if given is None:
            return Word.FREE
        return Word.OURS if given == one.address.account else Word.THEIRS

    def has_template(self, scene: Scene) -> bool:
        """Whether one of the character's own decides in this place."""
        return template_for(scene, "shouldRespondTemplate") is not None

    async def consult(self, scene: Scene, state: State, ask: Ask) -> bool | None:
        """What the character's own shouldRespondTemplate says (R-37); None where it is none.

        An answer that cannot be understood means silence. Raises ModelError.
        """
        template = template_for(scene, "shouldRespondTemplate")
        if template is None:
            return None
        try:
            found = await prompt_exec(
                ask,
                values=values_of(scene, state),
                template=template,
                rows=_ROWS,
                options=Options(role="TEXT_SMALL", level=_level(scene), clock=self._clock),
            )
        except TemplateError:
            return None  # `troupe check` tells of it; the rules decide as without one
        return found is not None and str(found["action"]).strip().upper() not in _SILENT


def _level(scene: Scene) -> int:
    return level_of(scene.settings.text("VALIDATION_LEVEL"), 0)
