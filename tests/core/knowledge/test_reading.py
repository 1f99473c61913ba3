"""Documents of each kind as text: what they are by their bytes, and what is in them."""

from __future__ import annotations

import codecs
from base64 import b64encode
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import docx
import pypdf
import pytest
from docx.oxml.parser import parse_xml

from core.knowledge.reading import Reader, UnreadableDocument
from tests.fakes.pictures import png
from tests.faults import bombs

_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


@pytest.fixture
async def reader() -> AsyncIterator[Reader]:
    async with Reader() as reader:
        yield reader


# --- what it is ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.txt", b"Owls.", "text"),
        ("a", b"Owls.", "text"),
        ("a.unheard-of", b"Owls.", "text"),
        ("A.MD", b"# Owls", "markdown"),
        ("a.py", b"print('owl')", "code"),
        ("Dockerfile", b"FROM owl", "code"),
        ("a.yaml", b"owl: night", "yaml"),
        ("a.json", b'{"owl":"night"}', "json"),
        ("a.csv", b"a,b\n1,2", "csv"),
        ("a.txt", b"<!DOCTYPE html><p>Owls", "html"),
        ("a.txt", b"<?xml version='1.0'?><a>Owls</a>", "xml"),
        ("a.txt", bombs.docx(b"<w:p><w:r><w:t>Owls</w:t></w:r></w:p>"), "docx"),
        ("report.pdf", b"Owls, and no PDF at all.", "text"),
        ("a.docx", b"Owls, and no Word at all.", "text"),
    ],
)
async def test_a_document_is_what_its_bytes_say_and_then_what_its_name_says(
    reader, name, data, kind
):
    assert (await reader.read(data, name)).kind == kind


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("a.txt", png(), "picture"),
        ("a.txt", b"RIFF1234WEBPVP8 ", "picture"),
        ("a.mp3", b"ID3\x04\0\0\0\0", "sound or video"),
        ("a.mp4", b"\0\0\0\x18ftypmp42\0\0\0\0", "sound or video"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "Word's old format"),
        ("a.rtf", rb"{\rtf1 Owls}", "RTF"),
        ("a.zip", bombs.nested_zip(1), "archive"),
        ("a.bin", bytes(range(256)) * 9, "not a kind"),
        ("a.txt", b"\x7fELF" + bytes(2000), "not a kind"),
        ("a.pdf", b"%PDF-1.7 and nothing more", "damaged"),
        ("a.docx", bombs.docx(b"<w:p>")[:-30], "damaged|archive"),
        ("a.docx", bombs.docx(b"<w:p>"), "damaged"),
        ("a.txt", b"", "no words"),
        ("a.txt", b" \n\t ", "no words"),
        ("a.html", b"<html><script>owl()</script>", "no words"),
        ("a.pdf", bombs.pdf(bombs.CATALOGUE, bombs.pages(1), bombs.page(), bombs.stream(b""),
                            bombs.FONT), "pages are pictures"),
    ],
)  # fmt: skip
async def test_what_cannot_be_read_is_told_in_one_sentence(reader, name, data, why):
    with pytest.raises(UnreadableDocument, match=why) as caught:
        await reader.read(data, name)
    assert str(caught.value).startswith(f"{name} cannot be read: ")
    assert "\n" not in str(caught.value)


# --- letters -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        "Ünïcødé — 梟".encode(),
        codecs.BOM_UTF8 + "Ünïcødé — 梟".encode(),
        "Ünïcødé — 梟".encode("utf-16"),
        codecs.BOM_UTF16_BE + "Ünïcødé — 梟".encode("utf-16-be"),
        codecs.BOM_UTF32_LE + "Ünïcødé — 梟".encode("utf-32-le"),
    ],
)
async def test_letters_are_read_as_the_file_marks_them(reader, data):
    assert (await reader.read(data, "a.txt")).text == "Ünïcødé — 梟"


async def test_letters_without_a_mark_are_guessed(reader):
    latin = "Grüße — „naïve“ Café".encode("cp1252")
    assert (await reader.read(latin, "a.txt")).text == "Grüße — „naïve“ Café"
    wide = "Owls at night, and no mark.".encode("utf-16-le")
    assert (await reader.read(wide, "a.txt")).text == "Owls at night, and no mark."
    page = '<meta charset="windows-1251"><p>Сова летает'.encode("cp1251")
    assert (await reader.read(page, "a.html")).text == "Сова летает"
    broken = "Grüße aus Köln, sagt die Eule. ".encode() * 20 + b"\xff"
    assert (await reader.read(broken, "a.txt")).text.startswith("Grüße aus Köln")


async def test_a_text_that_looks_like_base64_stays_what_it_is(reader):
    looks = b64encode(b"Owls fly at night. " * 10)
    assert (await reader.read(looks, "a.txt")).text == looks.decode()


async def test_lines_end_in_one_way_and_what_no_database_takes_is_gone(reader):
    text = (await reader.read(b"a\r\nb\rc\nd", "a.txt")).text
    assert text == "a\nb\nc\nd"
    stray = await reader.read(b"Owls at night. " * 20 + b"\0" + b"Owls.", "a.txt")
    assert stray.text.endswith("night. \ufffdOwls.")


async def test_a_long_text_is_cut_and_says_so():
    async with Reader(most=1000) as reader:
        text = await reader.read(b"Owls. " * 1000, "a.txt")
        assert (len(text.text), text.truncated) == (1000, True)
        assert not (await reader.read(b"Owls.", "a.txt")).truncated
        row = await reader.read(b"name\n" + b"owl\n" * 1000, "a.csv")
        assert (990 < len(row.text) <= 1000, row.truncated) == (True, True)


# --- tables and markup ---------------------------------------------------------------------------


async def test_each_row_of_a_table_says_its_headers(reader):
    text = await reader.read(b'name;age;note\nAda;36;"likes; tea"\nBob;;\n', "a.csv")
    assert text.text == "name: Ada\nage: 36\nnote: likes; tea\n\nname: Bob"
    tabbed = await reader.read(b"name\tage\nAda\t36", "a.tsv")
    assert tabbed.text == "name: Ada\nage: 36"


async def test_a_table_without_headers_keeps_its_first_row(reader):
    text = await reader.read(b"1,2,3\n4,5,6\n", "a.csv")
    assert text.text == "1, 2, 3\n\n4, 5, 6"
    assert (await reader.read(b"name,age\n", "a.csv")).text == "name, age"


async def test_of_a_web_page_what_people_see_is_kept_in_its_order(reader):
    page = """<html><head><title>Owls &amp; tea</title><style>p {}</style></head><body>
      <h1>All about <b>owls</b></h1><p>They   fly
      at <a href="https://a.org">night</a>.</p><ul><li>barn<li>snowy</ul>
      <div hidden>secret<p>secret</div><p style="display: none">secret</p>
      <script>secret()</script><template>secret</template><!-- secret -->
      <table><tr><th>Name<th>Size</tr><tr><td>barn<td>35 cm</table>
      <pre>a = 1\n  b = 2</pre>Bye<br>bye</body>"""
    found = await reader.read(page.encode(), "a.html")
    assert found.title == "Owls & tea"
    assert found.text == (
        "# All about owls\n\nThey fly at night.\n\n- barn\n- snowy\n\nName | Size\n"
        "barn | 35 cm\n\n```\na = 1\n  b = 2\n```\n\nBye\nbye"
    )


async def test_xml_is_told_element_by_element(reader):
    found = await reader.read(
        b"<?xml version='1.0'?><a><b id='1'>owl</b><n:c>tea</n:c></a>", "a.xml"
    )
    assert found.text == "b: id=1\nb: owl\nc: tea"
    assert (await reader.read(b"<a>half", "a.xml")).text == "<a>half"


async def test_json_is_laid_out_and_half_json_is_kept(reader):
    assert (await reader.read('{"a":["ü"]}'.encode(), "a.json")).text == '{\n "a": [\n  "ü"\n ]\n}'
    assert (await reader.read(b'{"a":', "a.json")).text == '{"a":'


async def test_markdown_is_kept_and_its_first_heading_is_its_title(reader):
    found = await reader.read(b"intro\n\n# Owls #\n\n- tea", "a.md")
    assert (found.title, found.text) == ("Owls", "intro\n\n# Owls #\n\n- tea")


# --- Word ----------------------------------------------------------------------------------------


def written(document: Any) -> bytes:
    made = BytesIO()
    document.save(made)
    return made.getvalue()


async def test_a_word_document_keeps_its_headings_lists_and_rows(reader):
    document = docx.Document()
    document.core_properties.title = "About owls"
    document.add_heading("Owls", 0)
    document.add_heading("At night", 2)
    document.add_paragraph("They fly.\tFar.")
    document.add_paragraph("barn", style="List Bullet")
    document.add_paragraph("snowy", style="List Number")
    table = document.add_table(2, 2)
    for n, cell in enumerate(["Name", "Size", "barn", "35 cm"]):
        table.cell(n // 2, n % 2).text = cell
    document.add_paragraph("The end.")
    found = await reader.read(written(document), "a.docx")
    assert (found.kind, found.title) == ("docx", "About owls")
    assert found.text == (
        "# Owls\n\n## At night\n\nThey fly.\tFar.\n\n- barn\n- snowy\n"
        "Name | Size\nbarn | 35 cm\n\nThe end."
    )


async def test_what_word_keeps_elsewhere_is_read_and_what_was_deleted_is_not(reader):
    document = docx.Document()
    body = document.element.body
    for inside in (
        f"<w:sdt {_W}><w:sdtContent><w:p><w:r><w:t>in a form</w:t></w:r></w:p></w:sdtContent></w:sdt>",
        f"<w:p {_W}><w:ins><w:r><w:t>inserted </w:t></w:r></w:ins>"
        "<w:del><w:r><w:delText>deleted</w:delText></w:r></w:del>"
        "<w:hyperlink><w:r><w:t>linked</w:t></w:r></w:hyperlink></w:p>",
    ):
        body.insert(0, parse_xml(inside))
    found = await reader.read(written(document), "a.docx")
    assert found.text == "inserted linked\n\nin a form"


# --- PDF -----------------------------------------------------------------------------------------


def shown(*lines: str) -> bytes:
    rows = "".join(f"1 0 0 1 9 {700 - 20 * n} Tm ({one}) Tj\n" for n, one in enumerate(lines))
    return bombs.stream(f"BT /F 9 Tf\n{rows}ET".encode())


def pdf_of(*pages: bytes, title: str = "", password: str = "") -> bytes:
    writer = pypdf.PdfWriter()
    for one in pages:
        made = bombs.pdf(bombs.CATALOGUE, bombs.pages(1), bombs.page(), one, bombs.FONT)
        writer.append(pypdf.PdfReader(BytesIO(made)))
    if title:
        writer.add_metadata({"/Title": title})
    if password:
        writer.encrypt(password)
    made = BytesIO()
    writer.write(made)
    return made.getvalue()


async def test_a_pdf_is_read_page_by_page_and_words_cut_by_a_line_are_whole(reader):
    first = shown("Owls know-", "ledge at the St. Anna-", "Maria, 1990-", "1995.")
    found = await reader.read(pdf_of(first, shown("Page two."), title="About owls"), "a.pdf")
    assert (found.kind, found.title, found.pages) == ("pdf", "About owls", 2)
    assert found.text == "Owls knowledge at the St. Anna-\nMaria, 1990-\n1995.\n\nPage two."


async def test_a_locked_pdf_says_so_and_one_that_opens_to_all_is_read(reader):
    with pytest.raises(UnreadableDocument, match="locked with a password"):
        await reader.read(pdf_of(shown("Owls."), password="night"), "a.pdf")
    writer = pypdf.PdfWriter(clone_from=BytesIO(pdf_of(shown("Owls."))))
    writer.encrypt(user_password="", owner_password="night")
    made = BytesIO()
    writer.write(made)
    assert (await reader.read(made.getvalue(), "a.pdf")).text == "Owls."


async def test_a_page_that_makes_no_sense_does_not_take_the_others_with_it(reader):
    broken = bombs.stream(b"(((", b"/Filter/FlateDecode")
    found = await reader.read(pdf_of(shown("One."), broken, shown("Three.")), "a.pdf")
    assert found.text == "One.\n\nThree."
