"""What may be remembered as a document, and under which name."""

from __future__ import annotations

import pytest

from core.actions.knowledge import PROCESS_KNOWLEDGE, Remember, file_name, is_document
from core.messages import Attachment, Rank


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("notes.md", "notes.md"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\zoe\\plan.docx", "plan.docx"),
        ("", "document"),
        ("...", "document"),
        ("a\u202eb\x00.txt", "ab.txt"),
        ("x" * 300, "x" * 100),
        ("The cat is called Harold.\nAnd so on.", "The cat is called Harold"),
    ],
)
def test_a_name_is_a_title_and_no_path(given: str, name: str) -> None:
    assert file_name(given) == name


@pytest.mark.parametrize(
    ("mime", "wanted"),
    [("application/pdf", True), ("", True), ("image/png", False), ("audio/ogg", False)],
)
def test_pictures_and_voices_are_no_documents(mime: str, wanted: bool) -> None:
    assert is_document(Attachment("ref", mime)) is wanted


def test_only_admins_have_something_remembered_and_no_argument_is_a_path() -> None:
    assert PROCESS_KNOWLEDGE.who is Rank.ADMIN
    assert set(Remember.model_fields) == {"text", "title"}
