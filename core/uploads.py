"""Files that people hand in: what they are is read from their content, and how much they may hold is bounded before
anything else reads them. Names and media types that come with a file are never looked at; it is stored under an id.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from charset_normalizer import from_bytes

from core.errors import DomainError
from core.images import media_type_of

LARGEST_IMAGE_BYTES: Final = 5_000_000
LARGEST_WORKBOOK_BYTES: Final = 20_000_000
LARGEST_CSV_BYTES: Final = 20_000_000
LARGEST_UNPACKED_BYTES: Final = 150_000_000
LARGEST_DIRECTORY_BYTES: Final = 500_000
MOST_PARTS: Final = 2_000
# Packed text is a tenth or a fiftieth of its size; what is packed beyond that was made to be unpacked.
LARGEST_RATIO: Final = 200
SMALL_PART_BYTES: Final = 1_000_000
MOST_ROWS: Final = 200_000
MOST_COLUMNS: Final = 200
LONGEST_CELL: Final = 32_767

_CHUNK: Final = 65_536
_END_RECORD: Final = 22
_WORKBOOK: Final = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
_ACTIVE: Final = re.compile(rb"macroEnabled|vbaProject|activeX|oleObject", re.IGNORECASE)
_ACTIVE_PART: Final = re.compile(r"vbaProject|activeX|embeddings/|externalLinks/|macrosheets/|\.exe$", re.IGNORECASE)
_DECLARATIONS: Final = (b"<!DOCTYPE", b"<!ENTITY")
_XML: Final = b"<?xml"
_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_LONGEST_XML_HEAD: Final = 200
_ENCODING: Final = re.compile(rb"encoding[ \t\r\n]{0,20}=[ \t\r\n]{0,20}[\"']([^\"']*)")
# What other kinds of file begin with.
_OTHER_KINDS: Final = (b"PK", b"%PDF", b"\x89PNG", b"\xff\xd8", b"GIF8", b"\xd0\xcf\x11\xe0", b"{\\rtf", b"\x1f\x8b")
_OLD_WORKBOOK: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLD_MACROS: Final = "_VBA_PROJECT".encode("utf-16-le")
_SAMPLE_BYTES: Final = 100_000
# Where a text is no GB 18030 either: what else tables are written in.
ENCODINGS: Final = ("utf-8", "gb18030", "utf-16", "big5", "shift_jis", "euc_kr", "cp1252", "cp1250", "cp1251")
_SNIFFED_LINES: Final = 60
_GB_2312: Final = range(0xA1, 0xF8)
_MOSTLY: Final = 0.8
_FEW: Final = 0.2
# No language writes a letter beyond ASCII three times in a row.
_NO_LETTERS: Final = re.compile(rb"([\x80-\xff])\1\1")
_DELIMITERS: Final = ",;\t|"
_MARKUP: Final = re.compile(rb"^(\xef\xbb\xbf)?\s*<(!doctype|html|svg|\?xml|script)", re.IGNORECASE)


def check_image(content: bytes, *, largest: int = LARGEST_IMAGE_BYTES) -> str:
    """The media type of a sound PNG or JPEG of sensible size. Raises DomainError for anything else."""
    _check_size(content, largest)
    found = media_type_of(content)
    if found is None:
        raise _refused("upload_no_image")
    return found


def check_workbook(content: bytes, *, largest: int = LARGEST_WORKBOOK_BYTES) -> None:
    """Refuses what is no plain workbook (.xlsx), or unpacks to more than anybody types.

    Every part is unpacked once, piece by piece, and thrown away: what the directory says of sizes is not believed.
    Raises DomainError: too large, no workbook, with macros or other active parts, or too large unpacked.
    """
    _check_size(content, largest)
    try:
        with zipfile.ZipFile(io.BytesIO(_with_small_directory(content))) as archive:
            _check_parts(archive.infolist())
            total = 0
            for part in archive.infolist():
                total = _check_part(archive, part, total)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        raise _refused("upload_no_workbook") from error


def _with_small_directory(content: bytes) -> bytes:
    """The archive, once its list of parts is known to be short: reading a long one takes the memory a bomb wants."""
    end = content[-_END_RECORD:]
    is_plain = content[:4] == b"PK\x03\x04" and end[:4] == b"PK\x05\x06" and end[20:] == b"\0\0"
    if not is_plain or content[-_END_RECORD - 20 : -_END_RECORD - 16] == b"PK\x06\x07":
        raise _refused("upload_no_workbook")
    if int.from_bytes(end[10:12], "little") > MOST_PARTS or int.from_bytes(end[12:16], "little") > (
        LARGEST_DIRECTORY_BYTES
    ):
        raise _refused("upload_unpacks_too_large")
    return content


def _check_parts(parts: list[zipfile.ZipInfo]) -> None:
    names = [part.filename for part in parts]
    if len(set(names)) < len(names) or "[Content_Types].xml" not in names:
        raise _refused("upload_no_workbook")
    for part in parts:
        steps = part.filename.split("/")
        if ".." in steps or part.filename.startswith("/") or "\\" in part.filename or part.flag_bits & 1:
            raise _refused("upload_no_workbook")
        if _ACTIVE_PART.search(part.filename):
            raise _refused("upload_active_content")
        if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _refused("upload_no_workbook")
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED_BYTES:
        raise _refused("upload_unpacks_too_large")


def _check_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo, total: int) -> int:
    """Unpacks one part within its bounds and answers the bytes unpacked so far."""
    allowed = max(SMALL_PART_BYTES, part.compress_size * LARGEST_RATIO)
    is_xml = part.filename.lower().endswith((".xml", ".rels", ".vml"))
    is_list = part.filename == "[Content_Types].xml"
    size, before, listed = 0, b"", b""
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            is_xml = is_xml or (size == 0 and _looks_like_xml(chunk))
            size += len(chunk)
            if size > allowed or total + size > LARGEST_UNPACKED_BYTES or (is_list and size > SMALL_PART_BYTES):
                raise _refused("upload_unpacks_too_large")
            if is_xml:
                _check_xml(chunk, before, first=size == len(chunk))
                before = chunk[-16:]
            listed += chunk if is_list else b""
    if is_list and _ACTIVE.search(listed):
        raise _refused("upload_active_content")
    if is_list and _WORKBOOK not in listed:
        raise _refused("upload_no_workbook")
    return total + size


def _check_xml(chunk: bytes, before: bytes, *, first: bool) -> None:
    """No declarations, so no entities; and UTF-8 only, since another encoding would hide them from this look."""
    seen = before + chunk
    if b"\0" in chunk or any(each in seen for each in _DECLARATIONS) or (first and not _is_utf_8(chunk)):
        raise _refused("upload_no_workbook")


def _is_utf_8(start: bytes) -> bool:
    """Whether the head of an XML part, where there is one, is short and names no other encoding."""
    start = start.removeprefix(codecs.BOM_UTF8)
    if not start.startswith(_XML):
        return True
    head, end, _ = start[:_LONGEST_XML_HEAD].partition(b"?>")
    named = _ENCODING.search(head)
    return bool(end) and (named[1].lower() if named else b"utf-8") in (b"utf-8", b"us-ascii")


def _looks_like_xml(start: bytes) -> bool:
    """Whether a part is XML by what it begins with: which part is a sheet is said elsewhere, not by its name."""
    return start.lstrip(b"\xef\xbb\xbf \t\r\n\0").startswith(b"<") or start.startswith(_UTF_16)


def check_old_workbook(content: bytes, *, largest: int = LARGEST_WORKBOOK_BYTES) -> None:
    """Refuses what is no workbook of the old kind (.xls), or holds macros. Raises DomainError."""
    _check_size(content, largest)
    if not content.startswith(_OLD_WORKBOOK):
        raise _refused("upload_no_workbook")
    if _OLD_MACROS in content:
        raise _refused("upload_active_content")


def is_workbook(content: bytes) -> bool:
    """Whether a file says of itself that it is a workbook, new or old."""
    return content.startswith((b"PK", _OLD_WORKBOOK))


def check_any_workbook(content: bytes) -> None:
    """Refuses what is no plain workbook, new or old."""
    if content.startswith(_OLD_WORKBOOK):
        check_old_workbook(content)
    else:
        check_workbook(content)


@dataclass(frozen=True)
class Table:
    """The text of a CSV file, what separates its cells, how many rows and columns it has at most, and what it was
    written in."""

    text: str
    delimiter: str
    rows: int
    columns: int
    encoding: str


def check_csv(
    content: bytes, *, largest: int = LARGEST_CSV_BYTES, most_rows: int = MOST_ROWS, encoding: str | None = None
) -> Table:
    """A CSV file in UTF-8, UTF-16, GB 18030 or another encoding that can be told from its text; or in the one that is
    named (of `ENCODINGS`). Raises DomainError where it is none, or too large."""
    _check_size(content, largest)
    if content.startswith(_OTHER_KINDS) or _MARKUP.match(content):
        raise _refused("upload_no_csv")
    text, encoding = _decoded(content, encoding)
    delimiter = _delimiter_of(text)
    rows = columns = 0
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            rows, columns = rows + 1, max(columns, len(row))
            if rows > most_rows or columns > MOST_COLUMNS or any(len(cell) > LONGEST_CELL for cell in row):
                raise table_too_large(most_rows)
    except csv.Error as error:
        raise _refused("upload_no_csv") from error
    return Table(text, delimiter, rows, columns, encoding)


def table_too_large(most_rows: int = MOST_ROWS) -> DomainError:
    """The refusal of a table with more rows, columns or characters in a cell than anybody hands in."""
    return DomainError(
        "upload_table_too_large", http_status=422, rows=most_rows, columns=MOST_COLUMNS, cell=LONGEST_CELL
    )


def _delimiter_of(text: str) -> str:
    """What stands equally often in most of the first lines: lines before the heads often have none."""
    lines = [line for line in text[:_SAMPLE_BYTES].split("\n")[:_SNIFFED_LINES] if line.strip()]

    def fitness(delimiter: str) -> tuple[int, int]:
        counts = [count for line in lines if (count := line.count(delimiter))]
        usual = max(counts, key=counts.count) if counts else 0
        return counts.count(usual) if usual else 0, usual

    return max(_DELIMITERS, key=fitness)


def _decoded(content: bytes, wanted: str | None) -> tuple[str, str]:
    """The text and what it was written in. UTF-8 is certain when it fits. Many other texts can be read as GB 18030:
    they are, where what is read is everyday Chinese; else the likeliest of the other encodings."""
    for encoding in [wanted] if wanted in ENCODINGS else _likely(content):
        try:
            text = content.decode("utf-8-sig" if encoding == "utf-8" else encoding).removeprefix("\ufeff")
        except UnicodeError:
            continue
        if "\0" not in text:
            return text, encoding
    raise _refused("upload_no_csv")


def _likely(content: bytes) -> Iterator[str]:
    if content.startswith(_UTF_16):
        yield "utf-16"
        return
    zeros = [content[parity:_SAMPLE_BYTES:2].count(0) for parity in (0, 1)]
    if min(zeros) == 0 and max(zeros) >= _FEW * len(content[:_SAMPLE_BYTES]):  # UTF-16 without its mark
        yield "utf-16-le" if zeros[1] else "utf-16-be"
        return
    yield "utf-8"
    if _is_everyday_chinese(content):
        yield "gb18030"
    sample = b"\n".join(line for line in content[:_SAMPLE_BYTES].split(b"\n") if not line.isascii())
    guess = from_bytes(sample, cp_isolation=list(ENCODINGS[3:])).best() if sample else None
    if guess is not None and not (guess.encoding.startswith("cp") and _NO_LETTERS.search(sample)):
        yield guess.encoding
    yield "gb18030"


def _is_everyday_chinese(content: bytes) -> bool:
    """Whether most characters beyond ASCII are those of GB 2312, which Chinese is written with."""
    try:
        text = content.decode("gb18030")
    except UnicodeError:
        return False
    beyond = [letter for letter in text if not letter.isascii()][:2000]
    everyday = sum(len(coded) == 2 and coded[0] in _GB_2312 and coded[1] >= 0xA1
                   for coded in (letter.encode("gb18030") for letter in beyond))  # fmt: skip
    return everyday >= _MOSTLY * len(beyond)


def _check_size(content: bytes, largest: int) -> None:
    if not content:
        raise _refused("upload_empty")
    if len(content) > largest:
        raise DomainError("upload_too_large", http_status=422, limit=largest)


def _refused(code: str) -> DomainError:
    return DomainError(code, http_status=422)
