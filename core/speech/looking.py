"""What ElevenLabs says of a character's key, voice, model and quota; nothing is spoken or paid for."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from core.errors import BadInput, Finding, ModelRejected
from core.settings.layers import Settings
from core.speech.accounts import Account
from core.speech.elevenlabs import Manner, elevenlabs_account

if TYPE_CHECKING:
    # It is slow to import, and needed only here, where nobody waits for it.
    import httpx
    from elevenlabs.client import AsyncElevenLabs
    from elevenlabs.core.request_options import RequestOptions

_EACH = 20
"""Seconds for one answer."""
_LITTLE = 0.1
"""The part of a quota that is little."""


@dataclass(frozen=True, slots=True)
class Seen:
    severity: Literal["error", "warning", "note"]
    finding: Finding


def faults(settings: Settings) -> tuple[Finding, ...]:
    """What is wrong with how it is set up, as far as that can be told without asking."""
    try:
        Manner.of(settings)
    except BadInput as error:
        return error.findings
    return ()


async def look(settings: Settings) -> list[Seen]:
    """Nothing where there is no key. Raises nothing of the vendor's."""
    account = elevenlabs_account(settings)
    if account is None:
        return []
    if wrong := faults(settings):
        return [Seen("error", one) for one in wrong]
    whose = f" of {settings.character_name}" if settings.character_name else ""
    try:
        client, wire = await asyncio.to_thread(_client, account)
    except ModelRejected as error:
        return [Seen("error", Finding(f"ELEVENLABS_BASE_URL{whose}", str(error)))]
    async with wire:
        return await _looked(client, Manner.of(settings), whose)


async def _looked(client: AsyncElevenLabs, manner: Manner, whose: str) -> list[Seen]:
    import httpx
    from elevenlabs.core.api_error import ApiError

    once: RequestOptions = {"max_retries": 0, "timeout_in_seconds": _EACH}
    found: list[Seen] = []
    try:
        found += await _quota(client, once, whose)
        if any(one.severity == "error" for one in found):
            return found
        models = await client.models.list(request_options=once)
        names = sorted(one.model_id for one in models if one.can_do_text_to_speech is not False)
        if manner.model not in names:
            what = f"ElevenLabs has no model {manner.model[:60]}"
            mend = f"There are: {', '.join(names)}"
            found.append(Seen("error", Finding(f"ELEVENLABS_MODEL_ID{whose}", what, mend)))
        try:
            voice = await client.voices.get(manner.voice, request_options=once)
        except ApiError as error:
            if error.status_code not in (400, 404, 422):
                raise
            what = f"ElevenLabs has no voice {manner.voice[:60]} for this key"
            mend = "Voices and their ids stand at https://elevenlabs.io/app/voice-library"
            found.append(Seen("error", Finding(f"ELEVENLABS_VOICE_ID{whose}", what, mend)))
        else:
            told = f"she speaks as {(voice.name or manner.voice)[:60]}"
            found.append(Seen("note", Finding(f"ELEVENLABS_VOICE_ID{whose}", told)))
    except ApiError as error:
        found.append(_unexpected(f"answers {error.status_code}", whose))
    except httpx.HTTPError as error:
        found.append(_unexpected(f"cannot be asked ({type(error).__name__})", whose))
    return found


async def _quota(client: AsyncElevenLabs, once: RequestOptions, whose: str) -> list[Seen]:
    from elevenlabs.core.api_error import ApiError

    where = f"ELEVENLABS_API_KEY{whose}"
    try:
        plan = await client.user.subscription.get(request_options=once)
    except ApiError as error:
        if error.status_code not in (401, 403):
            raise
        if "missing_permissions" in str(error.body):
            what = "it may not read the account, so nobody knows what is left of its quota"
            return [Seen("note", Finding(where, what))]
        return [Seen("error", Finding(where, "ElevenLabs refuses the key"))]
    left = plan.character_limit - plan.character_count
    what = f"{max(0, left):,} of {plan.character_limit:,} characters are left in this period"
    if left <= 0:
        return [Seen("error", Finding(where, what, "Until then she writes what she would say"))]
    little = left < plan.character_limit * _LITTLE
    return [Seen("warning" if little else "note", Finding(where, what))]


def _client(account: Account) -> tuple[AsyncElevenLabs, httpx.AsyncClient]:
    import httpx
    from elevenlabs.client import AsyncElevenLabs

    wire = httpx.AsyncClient(timeout=_EACH)
    base_url = account.base_url.removesuffix("/v1")
    return AsyncElevenLabs(api_key=account.revealed(), base_url=base_url, httpx_client=wire), wire


def _unexpected(what: str, whose: str) -> Seen:
    mend = "Look at the network, and at https://status.elevenlabs.io"
    return Seen("warning", Finding(f"ELEVENLABS_API_KEY{whose}", f"ElevenLabs {what}", mend))
