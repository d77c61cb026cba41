"""Files that were made to hurt: refused by what they hold, whatever they are called, and without taking memory."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from core.errors import DomainError
from core.uploads import (
    LONGEST_CELL,
    MOST_COLUMNS,
    MOST_PARTS,
    check_csv,
    check_image,
    check_workbook,
)

ROOT = Path(__file__).parents[2]
TYPES = (
    '<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.'
    'sheet.main+xml"/></Types>'
)
SHEET = "<worksheet><sheetData><row><c t='inlineStr'><is><t>茶</t></is></c></row></sheetData></worksheet>"
# What a check may take beyond the file itself; a flood of pixels or an unpacked bomb is ten times that.
MOST_MEGABYTES = 80


def workbook(parts: dict[str, str | bytes] | None = None, types: str = TYPES) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", types)
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", SHEET)
        for name, content in (parts or {}).items():
            archive.writestr(name, content)
    return stream.getvalue()


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 30)) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", size, "navy").save(stream, kind)
    return stream.getvalue()


def png_that_says(width: int, height: int, rows: int = 1) -> bytes:
    """A PNG whose head promises more pixels than anybody has."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(rows * (width * 3 + 1)), 9))
        + (chunk(b"IEND", b""))
    )


def jpeg_that_says(width: int, height: int) -> bytes:
    plain = picture("JPEG")
    at = plain.index(b"\xff\xc0") + 5
    return plain[:at] + struct.pack(">HH", height, width) + plain[at + 4 :]


def refused(check: Callable[[bytes], object], content: bytes) -> str:
    with pytest.raises(DomainError) as caught:
        check(content)
    assert caught.value.http_status == 422
    return caught.value.code


def jpeg_of_many_scans(times: int) -> bytes:
    """A progressive picture whose last scan comes again and again: small, whole, and seconds of work for each kB."""
    stream = io.BytesIO()
    Image.new("L", (4000, 4000), 128).save(stream, "JPEG", progressive=True)
    plain = stream.getvalue()
    scan = plain[plain.rindex(b"\xff\xda") : -2]
    return plain[:-2] + scan * times + plain[-2:]


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"
NO_IMAGES = {
    "svg": SVG,
    "html": HTML,
    "gif": picture("GIF"),
    "bmp": picture("BMP"),
    "tiff": picture("TIFF"),
    "webp": picture("WEBP"),
    "truncated": picture("PNG", (300, 300))[:-40],
    "only the head": b"\x89PNG\r\n\x1a\n" + SVG,
    "20k by 20k": png_that_says(20_000, 20_000),
    "a line of 100M": png_that_says(100_000_000, 1, rows=0),
    "5k by 5k": png_that_says(5_000, 5_000, rows=5_000),
    "jpeg 60k by 60k": jpeg_that_says(60_000, 60_000),
    "workbook": workbook(),
    "scans without end": jpeg_of_many_scans(2000),
}


@pytest.mark.parametrize("case", NO_IMAGES)
def test_no_image(case: str) -> None:
    assert refused(check_image, NO_IMAGES[case]) == "upload_no_image"


def _noting(asked: list[str], kind: str) -> Callable[..., object]:
    def decode(*_arguments: object) -> object:
        asked.append(kind)
        raise SyntaxError(kind)

    return decode


def test_no_other_decoder_looks_at_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """Decoders of kinds that nobody hands in are the ones with holes: they are not even asked."""
    Image.init()
    asked: list[str] = []
    for kind, (_, accept) in list(Image.OPEN.items()):
        if kind not in ("PNG", "JPEG"):
            monkeypatch.setitem(Image.OPEN, kind, (_noting(asked, kind), accept))
    for kind in ("GIF", "BMP", "TIFF", "WEBP"):
        assert refused(check_image, picture(kind)) == "upload_no_image"
    assert asked == []


def test_images_by_their_content() -> None:
    assert check_image(picture("PNG")) == "image/png"
    assert check_image(picture("JPEG")) == "image/jpeg"
    assert check_image(jpeg_of_many_scans(1)) == "image/jpeg"
    assert refused(check_image, b"") == "upload_empty"
    assert refused(lambda content: check_image(content, largest=50), picture()) == "upload_too_large"


def directory_lies(content: bytes) -> bytes:
    """The list of parts says 1 byte where much more is packed."""
    at = content.rindex(b"PK\x01\x02") + 24
    return content[:at] + struct.pack("<I", 1) + content[at + 4 :]


def packed_otherwise(content: bytes, method: int, name: str = "xl/a.txt") -> bytes:
    """With one more part, packed by a method of its own."""
    stream = io.BytesIO(content)
    with zipfile.ZipFile(stream, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a name that stands there twice
        archive.writestr(name, "x" * 5000, compress_type=method)
    return stream.getvalue()


def says_one_part(content: bytes) -> bytes:
    """The end record says 1 part, whatever the list of parts holds."""
    return content[:-14] + struct.pack("<HH", 1, 1) + content[-10:]


def encrypted(content: bytes) -> bytes:
    at = content.rindex(b"PK\x01\x02") + 8
    return content[:at] + b"\x01\x00" + content[at + 2 :]


NO_WORKBOOKS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "text": ("upload_no_workbook", lambda: b"a,b\n1,2\n"),
    "html": ("upload_no_workbook", lambda: HTML),
    "old excel": ("upload_no_workbook", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)),
    "a zip of something else": ("upload_no_workbook", lambda: workbook(types="<Types/>")),
    "truncated": ("upload_no_workbook", lambda: workbook()[:-30]),
    "something behind it": ("upload_no_workbook", lambda: workbook() + b"x" * 40),
    "a way out": ("upload_no_workbook", lambda: workbook({"../../etc/cron.d/x": "x"})),
    "an absolute name": ("upload_no_workbook", lambda: workbook({"/etc/passwd": "x"})),
    "a backslash": ("upload_no_workbook", lambda: workbook({"xl\\..\\x": "x"})),
    "encrypted": ("upload_no_workbook", lambda: encrypted(workbook())),
    "a lying directory": ("upload_no_workbook", lambda: directory_lies(workbook({"xl/big.xml": "x" * 5000}))),
    "packed by bzip2": ("upload_no_workbook", lambda: packed_otherwise(workbook(), zipfile.ZIP_BZIP2)),
    "packed by lzma": ("upload_no_workbook", lambda: packed_otherwise(workbook(), zipfile.ZIP_LZMA)),
    "a name that stands there twice": (
        "upload_no_workbook",
        lambda: packed_otherwise(workbook({"xl/a.txt": "y"}), zipfile.ZIP_DEFLATED),
    ),
    "macros": ("upload_active_content", lambda: workbook({"xl/vbaProject.bin": b"x"})),
    "macros by type": (
        "upload_active_content",
        lambda: workbook(types=TYPES.replace("sheet.main", "sheet.macroEnabled.main")),
    ),
    "embedded": ("upload_active_content", lambda: workbook({"xl/embeddings/oleObject1.bin": b"x"})),
    "external": ("upload_active_content", lambda: workbook({"xl/externalLinks/externalLink1.xml": "<x/>"})),
    "external entity": (
        "upload_no_workbook",
        lambda: workbook({"xl/a.xml": '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'}),
    ),
    "an entity in a part of another name": (
        "upload_no_workbook",
        lambda: workbook(
            {"xl/worksheets/sheet1.dat": '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'}
        ),
    ),
    "an entity in a part of another name and another encoding": (
        "upload_no_workbook",
        lambda: workbook({"xl/media/image1.png": '<!DOCTYPE x [<!ENTITY e "e">]><x>&e;</x>'.encode("utf-16")}),
    ),
    "another encoding behind a mark": (
        "upload_no_workbook",
        lambda: workbook({"xl/a.xml": b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-7"?><x/>'}),
    ),
    "a head that takes long to read": (
        "upload_no_workbook",
        lambda: workbook({f"xl/{number}.xml": b"<?xml encoding" + b" " * 60_000 for number in range(1900)}),
    ),
    "billion laughs": (
        "upload_no_workbook",
        lambda: workbook({"xl/a.xml": '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY l "ha"><!ENTITY m "&l;&l;">]><x/>'}),
    ),
    "entity across chunks": (
        "upload_no_workbook",
        lambda: workbook({"xl/a.xml": " " * (65_536 - 4) + "<!DOCTYPE x><x/>"}),
    ),
    "utf-16 hides it": ("upload_no_workbook", lambda: workbook({"xl/a.xml": "<!DOCTYPE x><x/>".encode("utf-16")})),
    "another encoding": (
        "upload_no_workbook",
        lambda: workbook({"xl/a.xml": '<?xml version="1.0" encoding="cp037"?><x/>'}),
    ),
    "bomb": ("upload_unpacks_too_large", lambda: workbook({"xl/a.xml": bytes_of(" ", 40_000_000)})),
    "flat bomb": (
        "upload_unpacks_too_large",
        lambda: workbook({f"xl/{number}.txt": b"x" * 990_000 for number in range(160)}),
    ),
    "too many parts": (
        "upload_unpacks_too_large",
        lambda: workbook({f"xl/{number}": "" for number in range(MOST_PARTS)}),
    ),
    "too many parts, and few said": (
        "upload_unpacks_too_large",
        lambda: says_one_part(workbook({f"xl/{number}": "" for number in range(MOST_PARTS)})),
    ),
    "a long list of types": (
        "upload_unpacks_too_large",
        lambda: workbook(types=f"{TYPES}<!--{''.join(map(hex, range(200_000)))}-->"),
    ),
    "a long directory": (
        "upload_unpacks_too_large",
        lambda: workbook({f"xl/{'x' * 60_000}{number}": "" for number in range(10)}),
    ),
}


def bytes_of(text: str, count: int) -> bytes:
    return text.encode() * count


@pytest.mark.parametrize("case", NO_WORKBOOKS)
def test_no_workbook(case: str) -> None:
    code, make = NO_WORKBOOKS[case]
    assert refused(check_workbook, make()) == code


def test_workbooks() -> None:
    check_workbook(workbook())
    rows = "".join(f"<row><c><v>{number}</v></c></row>" for number in range(20_000))
    check_workbook(workbook({"xl/worksheets/sheet2.xml": f"<worksheet>{rows}</worksheet>"}))
    assert refused(check_workbook, b"") == "upload_empty"
    assert refused(lambda content: check_workbook(content, largest=100), workbook()) == "upload_too_large"


NO_TABLES: dict[str, tuple[str, bytes]] = {
    "empty": ("upload_empty", b""),
    "html": ("upload_no_csv", b"\n" + HTML),
    "svg": ("upload_no_csv", b"\xef\xbb\xbf" + SVG),
    "workbook": ("upload_no_csv", workbook()),
    "picture": ("upload_no_csv", picture()),
    "pdf": ("upload_no_csv", b"%PDF-1.7"),
    "nul": ("upload_no_csv", b"a,b\x00\n1,2"),
    "no encoding": ("upload_no_csv", b"a,\xff\xff\xff\n"),
    "half utf-16": ("upload_no_csv", b"\xff\xfea\x00,"),
    "long cell": ("upload_table_too_large", b"a," + b"x" * (LONGEST_CELL + 1)),
    "endless cell": ("upload_no_csv", b'a,"' + b"x" * 1_000_000),
    "wide": ("upload_table_too_large", b"," * MOST_COLUMNS),
}


@pytest.mark.parametrize("case", NO_TABLES)
def test_no_table(case: str) -> None:
    code, content = NO_TABLES[case]
    assert refused(check_csv, content) == code


def test_tables() -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "gb18030"):
        found = check_csv("名称;数量\n龙井茶;3\n".encode(encoding))
        assert (found.text.splitlines()[0], found.delimiter, found.rows, found.columns) == ("名称;数量", ";", 2, 2)
    assert refused(lambda content: check_csv(content, most_rows=2), b"a\nb\nc\n") == "upload_table_too_large"
    assert refused(lambda content: check_csv(content, largest=5), b"a,b,c,d") == "upload_too_large"


def test_no_bomb_takes_memory(tmp_path: Path) -> None:
    """Each file is looked at by a process of its own, which says how much memory it took at most."""
    bombs = {
        "flood.png": png_that_says(20_000, 20_000, rows=200),
        "large.png": png_that_says(7_000, 7_000, rows=7_000),
        "bomb.xlsx": workbook({"xl/a.xml": bytes_of(" ", 140_000_000)}),
        "flat.xlsx": workbook({f"xl/{number}.txt": b"x" * 990_000 for number in range(160)}),
        "endless.csv": b'a,"' + b"x" * 19_000_000,
    }
    for name, content in bombs.items():
        (tmp_path / name).write_bytes(content)
    program = """
import json, resource, sys
from pathlib import Path
from core.errors import DomainError
from core.uploads import check_csv, check_image, check_workbook
import PIL.PngImagePlugin
checks = {".png": check_image, ".xlsx": check_workbook, ".csv": check_csv}
found = {}
for path in sorted(Path(sys.argv[1]).iterdir()):
    content = path.read_bytes()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        checks[path.suffix](content)
    except DomainError as error:
        found[path.name] = [error.code, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024]
print(json.dumps(found))
"""
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path], capture_output=True, text=True, cwd=ROOT, check=True
    )
    found = json.loads(done.stdout)
    assert set(found) == set(bombs)
    assert {name: taken for name, (_code, taken) in found.items() if taken > MOST_MEGABYTES} == {}
