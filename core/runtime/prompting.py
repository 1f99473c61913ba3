"""elizaOS' dynamicPromptExecFromState: named fields of a model's answer, checked and repeated."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from typing import Any

from core.clock import Clock
from core.ports import ModelRequest, ModelRoles
from core.prompting.dynamic import Options, prompt_exec
from core.prompting.eliza import values_of
from core.settings.layers import Settings
from core.state import State

_WHOLE = "{{providers}}"


class PromptCalls:
    def __init__(self, models: ModelRoles, settings: Callable[[], Settings], clock: Clock) -> None:
        self._models = models
        self._settings = settings
        self._clock = clock

    async def fields(
        self,
        state: Any,
        schema: Iterable[Mapping[str, Any]] | None,
        params: Mapping[str, Any] | None,
        options: Mapping[str, Any] | None,
    ) -> dict[str, Any] | None:
        """Both documented ways to call it: state and schema, or one mapping of everything (CX-01).

        None when no answer held after the retries (DP-01). Raises ValueError for a schema that is
        none, ModelError as models do.
        """
        if schema is None and isinstance(state, Mapping) and "schema" in state:
            whole = dict(state)
            params = {**(whole.get("params") or {}), **(params or {})}
            options = {**(whole.get("options") or {}), **(options or {})}
            state, schema = whole.get("state") or {}, whole["schema"]
        asked, wished = dict(params or {}), dict(options or {})
        settings = self._settings()
        if not {"validationLevel", "validation_level", "level"} & wished.keys():
            wished["level"] = settings.text("VALIDATION_LEVEL")
        chosen = Options.of({**asked, **wished}, clock=self._clock)

        def ask(request: ModelRequest) -> AsyncGenerator[str, None]:
            return self._models.stream(settings, chosen.role, request)

        return await prompt_exec(
            ask,
            values=values_of(_shape(state)),
            template=asked.get("prompt") or asked.get("template") or _WHOLE,
            rows=schema or (),
            options=chosen,
        )


def _shape(state: Any) -> State | Mapping[str, Any]:
    """Ours, elizaOS' of plain dicts, or the view of ours that classic handlers get."""
    if isinstance(state, State | Mapping):
        return state
    return {"values": getattr(state, "values", None) or {}, "text": getattr(state, "text", "")}
