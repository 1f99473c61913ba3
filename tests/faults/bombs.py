"""Documents made to do harm, by hand: small here, large or endless for whoever reads them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

MB = 1 << 20
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-'
    'officedocument.wordprocessingml.document.main+xml"/></Types>'
)
_RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
    'relationships/officeDocument" Target="word/document.xml"/></Relationships>'
)
_HEAD, _TAIL = f'<w:document xmlns:w="{_W}"><w:body>'.encode(), b"</w:body></w:document>"
_LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
LAUGHS = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "ha">{_LAUGHS}]>'


def deflated(part: bytes, times: int, head: bytes = b"", tail: bytes = b"") -> bytes:
    """A deflate stream of the head, so many times the part, and the tail."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    begun = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    # What follows a full flush stands alone, so it can be put down again and again.
    once = packer.compress(part) + packer.flush(zlib.Z_FULL_FLUSH)
    return begun + once * times + packer.compress(tail) + packer.flush()


def docx(body: bytes, *, more: Iterable[tuple[str, bytes]] = ()) -> bytes:
    """An honest package around a body."""
    made = BytesIO()
    with ZipFile(made, "w", ZIP_DEFLATED) as package:
        package.writestr("[Content_Types].xml", _TYPES)
        package.writestr("_rels/.rels", _RELATIONS)
        package.writestr("word/document.xml", body if body[:2] == b"<?" else _HEAD + body + _TAIL)
        for name, data in more:
            package.writestr(name, data)
    return made.getvalue()


def docx_of_gigabytes(told: int | None = None) -> bytes:
    """2 MB that unpack to 2 GB; `told` is what the package says of that."""
    times = 2048
    packed = deflated(b" " * MB, times, _HEAD, _TAIL)
    size = len(_HEAD) + times * MB + len(_TAIL) if told is None else told
    return _with_part(docx(b""), "word/document.xml", packed, size)


def _with_part(package: bytes, name: str, packed: bytes, size: int) -> bytes:
    """The same package, a part of it replaced by this stream, whose size is told as this."""
    made = BytesIO()
    places: list[tuple[ZipInfo, int, int, int]] = []
    with ZipFile(BytesIO(package)) as old:
        for part in old.infolist():
            data = old.read(part)
            stream, whole, crc = zlib.compress(data)[2:-4], len(data), zlib.crc32(data)
            if part.filename == name:
                stream, whole, crc = packed, size, 0
            at = made.tell()
            sizes = struct.pack("<III", crc, len(stream), whole)
            title = part.filename.encode()
            made.write(b"PK\x03\x04" + struct.pack("<HHHHH", 20, 0, 8, 0, 33) + sizes)
            made.write(struct.pack("<HH", len(title), 0) + title + stream)
            places.append((part, at, len(stream), whole))
            part.CRC = crc
    listed = made.tell()
    for part, at, packed_size, whole in places:
        title = part.filename.encode()
        made.write(b"PK\x01\x02" + struct.pack("<HHHHHH", 20, 20, 0, 8, 0, 33))
        made.write(struct.pack("<III", part.CRC, packed_size, whole))
        made.write(struct.pack("<HHHHHII", len(title), 0, 0, 0, 0, 0, at) + title)
    end = made.tell()
    count = len(places)
    made.write(b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, count, count, end - listed, listed, 0))
    return made.getvalue()


def docx_of_a_million_paragraphs() -> bytes:
    return docx(b"<w:p><w:r><w:t>owl</w:t></w:r></w:p>" * 1_200_000)


def docx_of_laughs(*, late: bool = False) -> bytes:
    """With entities that grow; `late` hides them behind a long comment."""
    head, kinds = LAUGHS.split("<!DOCTYPE")
    hidden = f"<!--{' ' * 100_000}-->" if late else ""
    words = "<w:p><w:r><w:t>&l9;</w:t></w:r></w:p>" * 10
    body = f'<w:document xmlns:w="{_W}"><w:body>{words}</w:body></w:document>'
    return docx(f"{head}{hidden}<!DOCTYPE{kinds}{body}".encode())


def docx_with_much_beside_it() -> bytes:
    """Pictures of zeros, each small in the package."""
    return docx(b"", more=[(f"word/media/{n}.png", bytes(8 * MB)) for n in range(32)])


def nested_zip(depth: int = 6) -> bytes:
    """Zips in zips, sixteen of them in each."""
    data = zlib.compress(bytes(MB))
    for _ in range(depth):
        made = BytesIO()
        with ZipFile(made, "w", ZIP_DEFLATED) as package:
            for n in range(16):
                package.writestr(f"{n}.zip", data)
        data = made.getvalue()
    return data


def xml_of_laughs() -> bytes:
    return f"{LAUGHS}<x>&l9;</x>".encode()


def xml_that_asks_for_files() -> bytes:
    return b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><x>&f;</x>'


def picture_of_many_points() -> bytes:
    """12,000 x 12,000 points in some kilobytes."""
    rows = zlib.compress(bytes(1501 * 12_000), 9)
    made = b"\x89PNG\r\n\x1a\n"
    head = struct.pack(">IIBBBBB", 12_000, 12_000, 1, 0, 0, 0, 0)
    for kind, data in ((b"IHDR", head), (b"IDAT", rows), (b"IEND", b"")):
        made += struct.pack(">I", len(data)) + kind + data
        made += struct.pack(">I", zlib.crc32(kind + data))
    return made


def gif_of_many_frames() -> bytes:
    frame = b"!\xf9\x04\0\0\0\0\0," + struct.pack("<HHHHB", 0, 0, 65_535, 65_535, 0) + b"\2\1\0\0"
    return b"GIF89a" + struct.pack("<HHBBB", 65_535, 65_535, 0, 0, 0) + frame * 50_000 + b";"


def pdf(*objects: bytes) -> bytes:
    """A PDF of these objects, the first of which is its root."""
    made = BytesIO()
    made.write(b"%PDF-1.7\n")
    places = []
    for number, one in enumerate(objects, 1):
        places.append(made.tell())
        made.write(b"%d 0 obj\n" % number + one + b"\nendobj\n")
    listed = made.tell()
    made.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    made.write(b"".join(b"%010d 00000 n \n" % place for place in places))
    made.write(b"trailer\n<</Size %d/Root 1 0 R>>\n" % (len(objects) + 1))
    made.write(b"startxref\n%d\n%%%%EOF\n" % listed)
    return made.getvalue()


def stream(data: bytes, filters: bytes = b"") -> bytes:
    return b"<</Length %d%s>>\nstream\n" % (len(data), filters) + data + b"\nendstream"


CATALOGUE = b"<</Type/Catalog/Pages 2 0 R>>"
FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"


def pages(count: int, contents: int = 4) -> bytes:
    kids = b" ".join([b"3 0 R"] * count)
    return b"<</Type/Pages/Count %d/Kids[%s]>>" % (count, kids)


def page(contents: bytes = b"4 0 R") -> bytes:
    return (
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Resources<</Font<</F 5 0 R>>>>"
        b"/Contents %s>>" % contents
    )


def zlibbed(part: bytes, times: int) -> bytes:
    # The checksum at its end is wrong, and nobody gets there.
    return b"\x78\x9c" + deflated(part, times) + b"\0\0\0\0"


def pdf_of_gigabytes() -> bytes:
    packed = stream(zlibbed(b" " * MB, 2048), b"/Filter/FlateDecode")
    return pdf(CATALOGUE, pages(1), page(), packed, FONT)


def pdf_packed_twice() -> bytes:
    packed = zlib.compress(zlibbed(b" " * MB, 4096), 9)
    twice = b"/Filter[/FlateDecode/FlateDecode]"
    return pdf(CATALOGUE, pages(1), page(), stream(packed, twice), FONT)


def pdf_of_slow_pages() -> bytes:
    """Thousands of pages that show the same long content."""
    words = b"BT /F 9 Tf (owl) Tj ET\n" * 200_000
    packed = stream(zlib.compress(words), b"/Filter/FlateDecode")
    return pdf(CATALOGUE, pages(5_000), page(), packed, FONT)


def pdf_of_a_million_objects() -> bytes:
    empty = [b"<</A[0 0 R]>>"] * 1_000_000
    return pdf(CATALOGUE, pages(1), page(), stream(b""), FONT, *empty)


def pdf_of_lost_objects() -> bytes:
    """A million of them, and no list of where they are."""
    return b"%PDF-1.7\n" + b"1 0 obj<</Type/Page>>endobj\n" * 1_000_000 + b"%%EOF"


def pdf_that_holds_itself() -> bytes:
    round_about = b"<</Type/Pages/Count 9/Kids[2 0 R 2 0 R 2 0 R]>>"
    return pdf(CATALOGUE, round_about, page(), stream(b""), FONT)


def pdf_whose_lists_go_round() -> bytes:
    made = pdf(CATALOGUE, pages(1), page(), stream(b""), FONT)
    listed = made.rindex(b"xref\n0 ")
    return made.replace(b"/Root 1 0 R", b"/Root 1 0 R/Prev %d" % listed)


def html_without_ends() -> bytes:
    return b"<html>" + b"<!--" * 3_000_000


def html_deep() -> bytes:
    return b"<html>" + b"<div>" * 2_000_000 + b"owl"


def html_of_tags() -> bytes:
    return b"<html>" + b"<a " * 4_000_000


def json_deep() -> bytes:
    return b"[" * 5_000_000


def xml_deep() -> bytes:
    return b"<?xml version='1.0'?>" + b"<x>" * 5_000_000


def csv_of_one_line() -> bytes:
    return b"a,b\n" + b"owl," * (12 * MB)


def sparse(path: Path, size: int) -> Path:
    """A file that is larger than the disk would like."""
    with path.open("wb") as file:
        file.write(b"name,age\n")
        file.truncate(size)
    return path


BOMBS: dict[str, Callable[[], bytes]] = {
    "picture.png": picture_of_many_points,
    "frames.gif": gif_of_many_frames,
    "gigabytes.docx": docx_of_gigabytes,
    "lies.docx": lambda: docx_of_gigabytes(told=1 * MB),
    "paragraphs.docx": docx_of_a_million_paragraphs,
    "laughs.docx": docx_of_laughs,
    "late-laughs.docx": lambda: docx_of_laughs(late=True),
    "media.docx": docx_with_much_beside_it,
    "nested.zip": nested_zip,
    "nested.docx": nested_zip,
    "laughs.xml": xml_of_laughs,
    "files.xml": xml_that_asks_for_files,
    "deep.xml": xml_deep,
    "gigabytes.pdf": pdf_of_gigabytes,
    "twice.pdf": pdf_packed_twice,
    "slow.pdf": pdf_of_slow_pages,
    "objects.pdf": pdf_of_a_million_objects,
    "lost.pdf": pdf_of_lost_objects,
    "itself.pdf": pdf_that_holds_itself,
    "round.pdf": pdf_whose_lists_go_round,
    "ends.html": html_without_ends,
    "deep.html": html_deep,
    "tags.html": html_of_tags,
    "deep.json": json_deep,
    "line.csv": csv_of_one_line,
}
