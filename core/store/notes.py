"""Settings that change at run time; every value is encrypted before it touches the database."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.errors import BadInput, Finding
from core.secrets import Secret
from core.store import inserts, tables

if TYPE_CHECKING:  # loaded only by those who have something to hide: 12 ms and 3 MB
    from cryptography.fernet import MultiFernet

_T = tables.settings
_OWNERS = sa.select(_T.c.owner).distinct()
_GET = sa.select(_T.c.key, _T.c.value).where(_T.c.owner == sa.bindparam("whose"))
_PUT = inserts.put(_T, ["owner", "key"], ["value"])
_DROP = sa.delete(_T).where(_T.c.owner == sa.bindparam("whose"), _T.c.key == sa.bindparam("name"))


class Vault:
    """Encrypts with TROUPE_SECRET_KEY, else with a key file (mode 0600) made on first use.

    Several keys, separated by commas, rotate: the first encrypts, all decrypt.
    """

    def __init__(self, key: Secret | None, file: Path) -> None:
        self._key = key
        self._file = file
        self._box: MultiFernet | None = None

    def prepare(self) -> None:
        """Read the key file off the loop, if there is one: only then is anything sealed."""
        if self._file.exists() and self._file.stat().st_size:
            self._open_box()

    def seal(self, text: str) -> str:
        return self._open_box().encrypt(text.encode()).decode()

    def unseal(self, sealed: str) -> str:
        """Raises BadInput where the key is not the one that it was sealed with."""
        from cryptography.fernet import InvalidToken

        try:
            return self._open_box().decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise BadInput(
                Finding(
                    "TROUPE_SECRET_KEY",
                    "stored settings were sealed with another key",
                    "Give the old key as well, separated by a comma",
                )
            ) from None

    def _open_box(self) -> MultiFernet:
        if self._box is None:
            from cryptography.fernet import Fernet, MultiFernet

            keys = (self._key.reveal() if self._key else self._from_file()).split(",")
            try:
                self._box = MultiFernet([Fernet(one.strip()) for one in keys])
            except ValueError:
                raise BadInput(
                    Finding(
                        "TROUPE_SECRET_KEY",
                        "not a key: 32 bytes in url-safe base64 are wanted",
                        'Make one with `python -c "import base64,os;'
                        'print(base64.urlsafe_b64encode(os.urandom(32)).decode())"`',
                    )
                ) from None
        return self._box

    def _from_file(self) -> str:
        from cryptography.fernet import Fernet

        # An empty file is what a full disk has left of an earlier try: nothing is sealed with it.
        if self._file.exists() and (kept := self._file.read_text().strip()):
            return kept
        descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            key = Fernet.generate_key().decode()
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        return key


class NoteRows:
    """core.ports.Notes over one connection."""

    def __init__(self, connection: sa.Connection, vault: Vault) -> None:
        self._db = connection
        self._vault = vault

    def owners(self) -> set[str]:
        return set(self._db.execute(_OWNERS).scalars())

    def get(self, owner: str) -> dict[str, str | None]:
        return {
            row.key: None if row.value is None else self._vault.unseal(row.value)
            for row in self._db.execute(_GET, {"whose": owner})
        }

    def put(self, owner: str, key: str, value: str | None) -> None:
        self._db.execute(
            _PUT,
            {
                "owner": owner,
                "key": key,
                "value": None if value is None else self._vault.seal(value),
            },
        )

    def drop(self, owner: str, key: str) -> None:
        self._db.execute(_DROP, {"whose": owner, "name": key})
