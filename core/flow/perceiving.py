"""Perceiving what hangs on messages before they are answered: pictures, voices, documents.

Only where an answer is on its way, and never at its cost: whatever cannot be perceived is told of
in words, and the turn goes on without it.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.errors import FetchFailed, ModelError, ModelUnavailable, TroupeError
from core.flow.perceived import Perceived, failed, from_media, heard_with, kept_with
from core.flow.senses import MOST_PICTURE, Sense, Way, picture_of, ways
from core.flow.till import Till
from core.flow.work import Work
from core.ids import CharacterId
from core.knowledge.reading import Reader, UnreadableDocument
from core.memory.recent import Recent, line_of
from core.messages import Attachment, Memory
from core.ports import Forgotten, ModelRoles, ModelType, Sound, Speech, Store, Unit

log = logging.getLogger(__name__)

_PER_SECOND = 0.05
"""Seconds that a thing gets more for each one that is to be heard."""
_LONGEST_SOUND = 900.0
_LONGEST_LOOK = 2_000
_LONGEST_SPEECH = 12_000
_LONGEST_TEXT = 5_900
"""Characters that are told of one thing; a prompt shows 6,000, with what is said of the rest."""
_REMEMBERED = 256
"""Things of which it is still known what is in them, though nobody has sent them here before."""
_SPARED = 2
"""Model calls of a turn that are left for its answer."""
_SMALL = 2 << 20
_SMALL_ONES, _LARGE_ONES = 16, 2
"""How many may be in memory at once, of all rooms together."""
_ROLES = {
    Sense.SIGHT: ModelType.IMAGE_DESCRIPTION,
    Sense.HEARING: ModelType.TRANSCRIPTION,
}


class _Unfit(TroupeError):
    """Nobody has to be asked about this one; says why."""


class Perceiving:
    """Descriptions are kept with the memory of what was said, and for a while in this process."""

    def __init__(
        self,
        models: ModelRoles,
        reader: Reader,
        till: Till,
        store: Store,
        recent: Recent,
        *,
        patience: float = 30.0,
        speech: Speech | None = None,
    ) -> None:
        """`patience` in seconds is for one thing, from its bytes to the words for it. `speech` is
        asked what is said in something before a model is."""
        self._speech = speech
        self._models = models
        self._reader = reader
        self._till = till
        self._store = store
        self._recent = recent
        self._patience = patience
        self._before: OrderedDict[tuple[CharacterId, str], Perceived] = OrderedDict()
        self._small = asyncio.Semaphore(_SMALL_ONES)
        self._large = asyncio.Semaphore(_LARGE_ONES)

    async def __call__(self, work: Work) -> bool:
        """Put what is perceived into the turn's messages and memories; whether there was any."""
        hanging = list(_hanging(work))
        if not hanging or not work.part.settings.flag("TROUPE_PERCEIVES"):
            return False
        hanging = [one for one in hanging if self._can(work, one)]
        if not hanging:
            return False
        answered = await self._answered(work)
        found = _known(work, answered)
        for one in hanging:
            if one.ref not in found and (kept := self._recall(work, one.ref)) is not None:
                found[one.ref] = kept
        new = [one for one in hanging if one.ref not in found]
        async with work.batch.stopped.interrupts(), asyncio.TaskGroup() as group:
            for one in self._chosen(work, new, found):
                group.create_task(self._perceive(work, one, found))
        self._remember(work, answered, found)
        work.inbound = tuple(heard_with(one, found) for one in work.inbound)
        work.heard[:] = [kept_with(one, found) for one in work.heard]
        return True

    def forgotten(self, gone: Forgotten) -> None:
        """Somebody's pictures may be among them, and nobody knows which."""
        for key in [key for key in self._before if gone.character in (None, key[0])]:
            del self._before[key]

    # --- what, and how much of it --------------------------------------------------------------

    def _can(self, work: Work, one: Attachment) -> bool:
        """Whether there is anybody who perceives it; where not, a prompt says so."""
        return any(self._serves(work, way.sense) for way in ways(one))

    def _serves(self, work: Work, sense: Sense) -> bool:
        kind, settings = _ROLES.get(sense), work.part.settings
        if sense is Sense.HEARING and self._speech is not None and self._speech.hears(settings):
            return True
        return kind is None or self._models.serves(settings, kind)

    def _chosen(
        self, work: Work, new: Sequence[Attachment], found: dict[str, Perceived]
    ) -> Iterator[Attachment]:
        """As many as a turn may look at, so that it can still pay for its answer."""
        most = int(work.part.settings.number("TROUPE_ATTACHMENTS", 4))
        calls = work.meter.most - work.meter.calls - _SPARED
        for number, one in enumerate(new):
            sense = ways(one)[0].sense
            asks = sense in _ROLES
            if number < most and (calls > 0 or not asks):
                calls -= asks
                yield one
            else:
                found[one.ref] = failed(sense, "there are too many at once")

    async def _answered(self, work: Work) -> Memory | None:
        """The memory of the message that is answered to, where something hangs on that."""
        quote = work.lead.reply_to
        wanted = work.heard[-1].content.in_reply_to if work.heard else None
        if wanted is None or quote is None or not any(map(ways, quote.attachments)):
            return None
        found = await self._store.read(lambda unit: unit.memories.get(work.part.id, [wanted]))
        return next((one for one in found if one.room == work.spot.room), None)

    def _remember(
        self, work: Work, answered: Memory | None, found: Mapping[str, Perceived]
    ) -> None:
        """What is seen only now, because somebody asks about it later, is known from now on."""
        if answered is None or work.private:
            return
        whose, id = work.part.id, answered.id
        new = kept_with(answered, found)
        if new == answered:
            return

        def keep(unit: Unit) -> None:
            for one in unit.memories.get(whose, [id]):
                unit.memories.put(kept_with(one, found))

        work.later.append(keep)
        self._recent.mend(whose, work.spot.room, line_of(new))

    # --- one thing -----------------------------------------------------------------------------

    async def _perceive(self, work: Work, one: Attachment, found: dict[str, Perceived]) -> None:
        able = [way for way in ways(one) if self._serves(work, way.sense)]
        first = able[0]
        patience = self._patience + min(one.seconds, _LONGEST_SOUND) * _PER_SECOND
        why = ""
        try:
            async with asyncio.timeout(patience):
                for number, way in enumerate(able, 1):
                    try:
                        found[one.ref] = seen = await self._by(work, way)
                    except (FetchFailed, _Unfit, UnreadableDocument) as error:
                        why = why or getattr(error, "reason", "") or str(error)
                    except ModelError as error:
                        if all(other.sense is way.sense for other in able[number:]):
                            raise  # nobody else would be asked
                        why = why or _refusal(error)
                    else:
                        self._keep(work, one.ref, seen)
                        return
        except TimeoutError:
            why = "it takes too long"
        except ModelError as error:
            why = why or _refusal(error)
        except Exception:  # a picture must not cost anybody their answer
            log.exception("%s: the wall round one attachment", work.part.character.name)
            why = "something went wrong"
        log.info("%s: not %s: %s", work.part.character.name, first.sense.value, why)
        found[one.ref] = failed(first.sense, why)

    async def _by(self, work: Work, way: Way) -> Perceived:
        most = int(work.part.settings.number("TROUPE_ATTACHMENT_MB", 20) * (1 << 20))
        if way.sense is Sense.SIGHT:
            most = min(most, MOST_PICTURE)
        if way.sense is Sense.HEARING and way.file.seconds > _LONGEST_SOUND:
            raise _Unfit(f"it is longer than {_LONGEST_SOUND / 60:g} minutes")
        size = way.file.size or (0 if way.sense is Sense.SIGHT else most)
        async with self._small if size <= _SMALL else self._large:
            data = await work.part.platform.fetch(way.file, most)
            match way.sense:
                case Sense.SIGHT:
                    return await self._seen(work, data, still=way.still)
                case Sense.HEARING:
                    return await self._heard(work, data, way.file)
                case Sense.READING:
                    return await self._read(data, way.file.name)

    async def _seen(self, work: Work, data: bytes, *, still: bool) -> Perceived:
        picture = picture_of(data)
        if picture is None:
            raise _Unfit("pictures of this kind are not looked at")
        if picture.fault:
            raise _Unfit(picture.fault)
        # The same picture has another name wherever it is sent anew.
        key = (await asyncio.to_thread(hashlib.sha256, data)).hexdigest()
        if (before := self._recall(work, key)) is not None:
            return replace(before, still=still)
        told = await self._ask(work, ModelType.IMAGE_DESCRIPTION, {"imageUrl": data})
        text = str(told.get("description") or "").strip()
        if not text:
            raise ModelUnavailable("nothing was said of a picture")
        title = " ".join(str(told.get("title") or "").split())[:200]
        seen = Perceived(Sense.SIGHT, text[:_LONGEST_LOOK], title, still)
        self._keep(work, key, seen)
        return seen

    async def _heard(self, work: Work, data: bytes, file: Attachment) -> Perceived:
        settings, mime = work.part.settings, file.mime or "audio/ogg"
        if self._speech is not None and self._speech.hears(settings):
            names = (work.part.character.name, work.lead.author.name)
            sound = Sound(data, mime, file.seconds, tuple(filter(None, names)), work.lead.language)
            work.meter.call()
            with self._till.call(work, ModelType.TRANSCRIPTION) as spent:
                text = (await self._speech.transcribe(settings, sound, spent)).strip()
        else:
            given = {"audio": data, "mimeType": mime, "duration": file.seconds}
            text = str(await self._ask(work, ModelType.TRANSCRIPTION, given)).strip()
        if not text:
            raise _Unfit("nothing is said in it")
        return Perceived(Sense.HEARING, text[:_LONGEST_SPEECH])

    async def _read(self, data: bytes, name: str) -> Perceived:
        document = await self._reader.read(data, name)
        text = document.text
        if document.truncated or len(text) > _LONGEST_TEXT:
            more = "more than " if document.truncated else ""
            rest = max(0, len(text) - _LONGEST_TEXT)
            text = f"{text[:_LONGEST_TEXT]}\n({more}{rest:,} further characters are not shown)"
        return Perceived(Sense.READING, text)

    async def _ask(self, work: Work, kind: ModelType, params: Mapping[str, Any]) -> Any:
        work.meter.call()
        with self._till.call(work, kind) as spent:
            return await self._models.use(work.part.settings, kind, params, spent=spent)

    # --- what was perceived before -------------------------------------------------------------

    def _recall(self, work: Work, key: str) -> Perceived | None:
        found = self._before.get((work.part.id, key))
        if found is not None:
            self._before.move_to_end((work.part.id, key))
        return found

    def _keep(self, work: Work, key: str, seen: Perceived) -> None:
        if work.private:
            return
        self._before[work.part.id, key] = seen
        if len(self._before) > _REMEMBERED:
            self._before.popitem(last=False)


def _refusal(error: ModelError) -> str:
    away = isinstance(error, ModelUnavailable)
    return f"the model for it {'does not answer now' if away else 'refuses it'}"


def _hanging(work: Work) -> Iterator[Attachment]:
    """What leads first, then what it answers to, then what was said before; each once."""
    found: dict[str, Attachment] = {}
    quote = work.lead.reply_to
    shown = quote.attachments if quote is not None and not quote.exact else ()
    earlier = (one for inbound in work.inbound[-2::-1] for one in inbound.attachments)
    for one in (*work.lead.attachments, *shown, *earlier):
        if one.ref and ways(one):
            found.setdefault(one.ref, one)
    yield from found.values()


def _known(work: Work, answered: Memory | None) -> dict[str, Perceived]:
    """What is remembered to be in what hangs on the message that is answered to."""
    quote = work.lead.reply_to
    if answered is None or quote is None:
        return {}
    media = answered.content.attachments
    found = {}
    for at, one in enumerate(quote.attachments):
        same = next((each for each in media if each.get("id") == one.ref), None)
        if same is None and len(media) == len(quote.attachments):
            same = media[at]  # some platforms give a file a new name in each message
        if same is not None and (before := from_media(one, same)) is not None:
            found[one.ref] = before
    return found
