"""What a file is, by its content; and its name as a text that harms nobody.

Kept are pictures, papers, tables, plain text and packed folders. Whatever a browser or a machine might run when
somebody opens it, by what it is or by what its name says, is refused.
"""

from __future__ import annotations

import io
import unicodedata
import zipfile
from typing import Final

from core.errors import DomainError
from core.images import media_type_of
from core.talk.models import LONGEST_NAME
from core.uploads import check_workbook

PDF, TEXT, ZIP = "application/pdf", "text/plain", "application/zip"
SHEET: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DOCUMENT: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
SLIDES: Final = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
OLE: Final = "application/x-ole-storage"
PICTURES: Final = ("image/png", "image/jpeg")
# What is shown within the page: as a picture, in the browser's own viewer behind a sandbox, as text.
SHOWN: Final = frozenset((*PICTURES, PDF, TEXT))
_OFFICE: Final = {"xl/workbook.xml": SHEET, "word/document.xml": DOCUMENT, "ppt/presentation.xml": SLIDES}
# Names by which machines run what they open, however harmless the content looks.
_RUNNABLE: Final = frozenset(
    """ade adp app appx bat cmd com cpl dll dmg exe gadget hta htm html inf ins iso jar js jse jsp lnk mde msc msi msp
    mst pif php ps1 ps1xml psc1 py reg scf scr sct sh shtml svg svgz sys url vb vbe vbs vhd wsc wsf wsh xhtml xht xml
    xsl""".split()  # noqa: SIM905 (a list of words)
)
_PROGRAMS: Final = (b"MZ", b"\x7fELF", b"#!", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe")
_MARKUP: Final = (b"<!doctype", b"<html", b"<svg", b"<script", b"<?xml", b"<?php", b"<%")
_LOOKED_AT: Final = 4096
_MOST_PARTS: Final = 5_000
# Signs that turn the direction of writing round, so that a name reads as another one.
_TURNING: Final = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
UNNAMED: Final = "file"


def clean_name(text: str | None) -> str:
    """The last part of a name as a text of one line: NFC, no control or turning signs, no path, not too long."""
    name = unicodedata.normalize("NFC", text or "").replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(sign for sign in name if sign.isprintable() and sign not in _TURNING)
    name = " ".join(name.split()).strip(". ")
    if len(name) > LONGEST_NAME:
        stem, dot, ending = name.rpartition(".")
        ending = ending[:20] if dot else ""
        name = (stem if dot else name)[: LONGEST_NAME - len(ending) - 1] + (dot + ending)
    return name or UNNAMED


def ending_of(name: str) -> str:
    """What stands behind the last point of a name, in small letters."""
    _, dot, ending = name.rpartition(".")
    return ending.casefold() if dot else ""


def media_type_of_file(name: str, content: bytes) -> str | None:
    """The media type of a file that is kept; None for one that is not."""
    if ending_of(name) in _RUNNABLE or content.startswith(_PROGRAMS):
        return None
    if content.startswith((b"\x89PNG", b"\xff\xd8")):
        return media_type_of(content)
    if content.startswith(b"%PDF-"):
        return PDF
    if content.startswith(b"PK\x03\x04"):
        return _packed(content)
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        return OLE if ending_of(name) in ("doc", "xls", "ppt", "msg") else None
    return TEXT if _is_text(content) else None


def _packed(content: bytes) -> str | None:
    """What a packed file holds: an office file without macros, or a folder. Nothing of it is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = {part.filename for part in archive.infolist()}
    except (zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError):
        return None
    if len(names) > _MOST_PARTS or any("vbaProject" in name for name in names):
        return None
    found = next((kind for part, kind in _OFFICE.items() if part in names), ZIP)
    if found == SHEET:
        try:
            check_workbook(content)
        except DomainError:
            return None
    return found


def _is_text(content: bytes) -> bool:
    start = content[:_LOOKED_AT].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(_MARKUP) or b"\0" in content:
        return False
    return text_of(content) is not None


def text_of(content: bytes) -> str | None:
    """The text of a file in UTF-8 or GB 18030; None where it is neither."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeError:
            continue
    return None
