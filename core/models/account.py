"""One account at a service that speaks OpenAI's protocol: its address, its headers, its quirks.

The openai package knows addresses, headers and embeddings. It is large and slow to import, so it is
loaded in a thread, when the first account is used or warmed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from importlib import import_module
from threading import Lock
from typing import TYPE_CHECKING, Any

from core.errors import ModelError, ModelRejected, ModelUnavailable
from core.models.refusals import error_in, refusal
from core.secrets import Secret

if TYPE_CHECKING:  # for its types only: importing it is what this file puts off
    import openai

DEFAULT_BASE_URL = "https://api.openai.com/v1"
_NOT_A_KEY = "none"


def sdk() -> Any:
    """The openai package; the first call takes half a second, so make it in a thread."""
    module = import_module("openai")
    import_module("openai.resources.embeddings")
    return module


class Connections:
    """The SDK's own connections, shared by all accounts: each would cost a TLS context."""

    def __init__(self) -> None:
        self._client: Any = None
        self._making = Lock()

    def get(self) -> Any:
        with self._making:  # two accounts may be made in two threads
            if self._client is None:
                self._client = sdk().DefaultAsyncHttpxClient()
            return self._client

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None


class Account:
    """`who` names it in errors and logs: the address without what may be secret in it."""

    def __init__(self, key: Secret | None, base_url: str, connections: Connections) -> None:
        self._key = key
        self._base_url = base_url
        self._connections = connections
        self._client: openai.AsyncOpenAI | None = None
        self._headers: dict[str, str] | None = None
        self._refused: dict[str, set[str]] = {}
        self.who = base_url.partition("://")[2].rpartition("@")[2].partition("/")[0] or "the model"

    def __repr__(self) -> str:
        return f"Account({self.who})"

    @property
    def chat_url(self) -> str:
        return f"{self._base_url.rstrip('/')}/chat/completions"

    @property
    def is_openai(self) -> bool:
        return self._base_url.rstrip("/") == DEFAULT_BASE_URL

    def refused(self, model: str) -> set[str]:
        """Parameters that this model was found not to take; add to it what is found out."""
        return self._refused.setdefault(model, set())

    async def headers(self) -> dict[str, str]:
        """What the SDK would send with a chat call; without a key, no Authorization."""
        if self._headers is None:
            await self._made()
        assert self._headers is not None
        return self._headers

    async def _made(self) -> openai.AsyncOpenAI:
        if self._key is not None and "@" in self._base_url.partition("://")[2].partition("/")[0]:
            raise ModelRejected(
                f"the address of {self.who} holds a user and a password, and there is a key as "
                "well; keep one of them"
            )
        if self._client is None:
            try:
                # Importing, TLS files and a look at the machine: all of that would hold up the loop.
                self._client, self._headers = await asyncio.to_thread(self._make)
            except Exception:  # noqa: BLE001 - its texts may hold the address with a password
                raise ModelRejected(f"{self.who} is no address of a model service") from None
        assert self._client is not None
        return self._client

    def _make(self) -> tuple[openai.AsyncOpenAI, dict[str, str]]:
        module = sdk()
        nothing = module.Omit()
        client = module.AsyncOpenAI(
            api_key=self._key.reveal() if self._key else _NOT_A_KEY,
            base_url=self._base_url,
            max_retries=0,
            http_client=self._connections.get(),
            # Else the SDK takes them from the process' environment, for every character.
            default_headers={"OpenAI-Organization": nothing, "OpenAI-Project": nothing},
        )
        found = {**client.default_headers, **client.auth_headers}
        headers = {name: value for name, value in found.items() if isinstance(value, str)}
        # Compression would hold pieces back.
        headers |= {"Accept": "text/event-stream", "Accept-Encoding": "identity"}
        if self._key is None:
            headers.pop("Authorization", None)
        return client, headers

    async def embed(
        self, model: str, texts: Sequence[str], *, limit: float = 60.0
    ) -> list[list[float]]:
        """One vector for each text, in order."""
        client, module = await self._made(), sdk()
        failed: ModelError
        try:
            async with asyncio.timeout(limit):
                answer = await client.embeddings.create(
                    model=model, input=list(texts), encoding_format="float"
                )
            vectors = [item.embedding for item in sorted(answer.data, key=lambda item: item.index)]
            if len(vectors) == len(texts):
                return vectors
            failed = ModelUnavailable(f"{self.who} gave {len(vectors)} vectors for {len(texts)}")
        except TimeoutError:
            failed = ModelUnavailable(f"{self.who} made no vectors in {limit:g} s")
        except module.APIStatusError as error:
            body = error_in(error.response.content)
            failed = refusal(self.who, error.status_code, error.response.headers, body)
        except module.APIConnectionError:
            failed = ModelUnavailable(f"{self.who} is unreachable")
        except Exception as error:  # noqa: BLE001 - a page for people comes back as a str, and more
            failed = ModelUnavailable(f"{self.who} sent no vectors ({type(error).__name__})")
        raise failed from None
