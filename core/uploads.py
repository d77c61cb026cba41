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
from dataclasses import dataclass
from typing import Final

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


@dataclass(frozen=True)
class Table:
    """The text of a CSV file, what separates its cells, and how many rows and columns it has at most."""

    text: str
    delimiter: str
    rows: int
    columns: int


def check_csv(content: bytes, *, largest: int = LARGEST_CSV_BYTES, most_rows: int = MOST_ROWS) -> Table:
    """A CSV file in UTF-8, UTF-16 (with its mark) or GB 18030. Raises DomainError where it is none, or too large."""
    _check_size(content, largest)
    if content.startswith(_OTHER_KINDS) or _MARKUP.match(content):
        raise _refused("upload_no_csv")
    text = _decoded(content)
    first = text[: text.find("\n") if "\n" in text else len(text)]
    delimiter = max(",;\t", key=first.count)
    rows = columns = 0
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            rows, columns = rows + 1, max(columns, len(row))
            if rows > most_rows or columns > MOST_COLUMNS or any(len(cell) > LONGEST_CELL for cell in row):
                raise DomainError(
                    "upload_table_too_large", http_status=422, rows=most_rows, columns=MOST_COLUMNS, cell=LONGEST_CELL
                )
    except csv.Error as error:
        raise _refused("upload_no_csv") from error
    return Table(text, delimiter, rows, columns)


def _decoded(content: bytes) -> str:
    encodings = ["utf-16"] if content.startswith((b"\xff\xfe", b"\xfe\xff")) else ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeError:
            continue
        if "\0" not in text:
            return text
    raise _refused("upload_no_csv")


def _check_size(content: bytes, largest: int) -> None:
    if not content:
        raise _refused("upload_empty")
    if len(content) > largest:
        raise DomainError("upload_too_large", http_status=422, limit=largest)


def _refused(code: str) -> DomainError:
    return DomainError(code, http_status=422)
