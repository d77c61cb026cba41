"""Cut the document fonts out of Noto Sans CJK and Source Sans 3 and write them as static WOFF2 files.

Usage::

    python -m web.documents.fonts.build_subset REGULAR.ttc BOLD.ttc LATIN_REGULAR.ttf LATIN_BOLD.ttf OUTPUT

The inputs are the static collections of Debian's package ``fonts-noto-cjk`` (``NotoSansCJK-Regular.ttc`` and
``NotoSansCJK-Bold.ttc``), and the static ``SourceSans3-Regular.ttf`` and ``SourceSans3-Bold.ttf`` of the npm package
``source-sans``. The Latin letters of Noto Sans CJK are those of Source Sans, made larger, but most of Latin
Extended-A is missing; those letters are taken from Source Sans at the same enlargement.

Five files come out: the common characters in both weights, the rest of GBK in Regular only (a rare character in bold
text falls back to that face), and the missing Latin letters in both weights. Variable fonts are refused, since laying
them out takes many times longer.

The outlines become quadratic on a grid of 500 units: at 10 pt one unit is 7 micrometres, finer than a printer's dot,
and the files shrink by a quarter. Features that exchange glyphs (``locl``, ``vert``) are dropped, since they would
bring the Japanese, Korean and vertical forms of every character along.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from fontTools import subset
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTCollection, TTFont, newTable
from fontTools.ttLib.scaleUpem import scale_upem
from fontTools.ttLib.woff2 import WOFF2FlavorData

FACE = "Noto Sans CJK SC"
UNITS_PER_EM = 500
LATIN_NAME = "Document Sans Latin"
LATIN_ENLARGEMENT = 555 / 497  # the width of a digit in Noto Sans CJK and in Source Sans
CURVE_ERROR = 2.0  # units of the 1000-unit source, that is one unit of the result
DROPPED_TABLES = ("VORG", "BASE", "vhea", "vmtx", "GSUB", "DSIG")
KEPT_NAMES = (0, 1, 2, 3, 4, 5, 6, 13, 14)

LATIN = frozenset(range(0x20, 0x7F)) | frozenset(range(0xA0, 0x180))
SYMBOLS = frozenset(range(0x2010, 0x2028)) | frozenset(map(ord, "€₤₩№™−≤≥≠≈×÷±½¼¾‰′″‹›※→←↑↓✓⌀￥￡"))


def double_byte_characters(codec: str, leads: Iterable[int]) -> frozenset[int]:
    """Code points which a double-byte codec can write with the given lead bytes; its private-use area is left out."""
    found: set[int] = set()
    for lead in leads:
        for trail in range(0x40, 0xFF):
            try:
                text = bytes((lead, trail)).decode(codec)
            except UnicodeDecodeError:
                continue
            if len(text) == 1 and not 0xE000 <= ord(text) < 0xF900:
                found.add(ord(text))
    return frozenset(found)


def common_characters() -> frozenset[int]:
    """GB 2312, the frequent traditional characters (Big5 level 1), Latin with Extended-A, and symbols."""
    simplified = double_byte_characters("gb2312", range(0xA1, 0xF8))
    traditional = double_byte_characters("big5", range(0xA4, 0xC7))
    return simplified | traditional | LATIN | SYMBOLS


def rare_characters() -> frozenset[int]:
    """What GBK has beyond the common characters."""
    return double_byte_characters("gbk", range(0x81, 0xFF)) - common_characters()


def open_face(collection: Path) -> TTFont:
    """The Simplified Chinese face of a collection. Raises SystemExit if it is not there or the font is variable."""
    with TTCollection(collection, lazy=True) as faces:
        names = [face["name"].getDebugName(1) for face in faces.fonts]
    full_names = [index for index, name in enumerate(names) if name == FACE]
    if not full_names:
        raise SystemExit(f"{collection.name} has no face {FACE!r}; it has {', '.join(map(str, names))}.")
    font = TTFont(collection, fontNumber=full_names[0], lazy=True)
    if "fvar" in font:
        raise SystemExit(f"{collection.name} is a variable font; take the static one.")
    return font


def open_latin(path: Path) -> TTFont:
    """A Source Sans file at the size its letters have in Noto Sans CJK. Raises SystemExit for a variable font."""
    font = TTFont(path, lazy=True)
    if "fvar" in font:
        raise SystemExit(f"{path.name} is a variable font; take the static one.")
    font["head"].unitsPerEm = round(font["head"].unitsPerEm / LATIN_ENLARGEMENT)
    rename(font)
    return font


def rename(font: TTFont) -> None:
    """Give the font a name of our own: the licence reserves the name Source for the original."""
    names = font["name"]
    style = names.getDebugName(2)
    texts = {
        1: LATIN_NAME,
        3: f"{LATIN_NAME} {style}",
        4: f"{LATIN_NAME} {style}",
        6: f"{LATIN_NAME}-{style}".replace(" ", ""),
    }
    for number in (16, 17, 21, 22, 25):
        names.removeNames(nameID=number)
    for number, text in texts.items():
        for record in [record for record in names.names if record.nameID == number]:
            names.setName(text, number, record.platformID, record.platEncID, record.langID)


def missing_latin(collection: Path) -> frozenset[int]:
    """The Latin letters which Noto Sans CJK does not have."""
    return LATIN - frozenset(open_face(collection).getBestCmap())


def cut(font: TTFont, characters: frozenset[int]) -> None:
    """Keep only the glyphs of the given code points and the kerning between them."""
    options = subset.Options()
    options.layout_features = ["kern"]
    options.hinting = False
    options.desubroutinize = True
    options.notdef_outline = True
    options.name_IDs = list(KEPT_NAMES)
    options.drop_tables += list(DROPPED_TABLES)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=characters)
    subsetter.subset(font)


def make_quadratic(font: TTFont) -> None:
    """Replace the CFF outlines by TrueType ones, which compress better."""
    order = font.getGlyphOrder()
    glyph_set = font.getGlyphSet()
    glyphs = {}
    for name in order:
        pen = TTGlyphPen(None)
        glyph_set[name].draw(Cu2QuPen(pen, CURVE_ERROR, reverse_direction=True))
        glyphs[name] = pen.glyph()
    font["loca"] = newTable("loca")
    table = font["glyf"] = newTable("glyf")
    table.glyphOrder, table.glyphs = order, glyphs
    maxima = font["maxp"]
    maxima.tableVersion, maxima.maxZones = 0x00010000, 1
    for name in ("TwilightPoints", "Storage", "FunctionDefs", "InstructionDefs", "StackElements", "SizeOfInstructions"):
        setattr(maxima, f"max{name}", 0)
    for name in ("ComponentElements", "ComponentDepth", "Points", "Contours", "CompositePoints", "CompositeContours"):
        setattr(maxima, f"max{name}", 0)
    font["post"].formatType = 3
    del font["CFF "]
    font.sfntVersion = "\0\1\0\0"


def align_bearings(font: TTFont) -> None:
    """Set each left bearing to the outline's edge, so that WOFF2 need not store it."""
    table, metrics = font["glyf"], font["hmtx"]
    for name in font.getGlyphOrder():
        glyph = table[name]
        glyph.recalcBounds(table)
        advance, _bearing = metrics[name]
        metrics[name] = (advance, getattr(glyph, "xMin", 0))


def build(font: TTFont, characters: frozenset[int], target: Path) -> int:
    """Write one file and return its size in bytes."""
    cut(font, characters)
    if "CFF " in font:
        make_quadratic(font)
    scale_upem(font, UNITS_PER_EM)
    align_bearings(font)
    font["head"].modified = font["head"].created  # the same input gives the same file
    font.recalcTimestamp = False
    font.flavor, font.flavorData = "woff2", WOFF2FlavorData()
    font.flavorData.transformedTables = set()  # a fifth larger, and read in a tenth of a second instead of seven
    font.save(target)
    return target.stat().st_size


def main() -> None:
    """Read the arguments, write the three files, and print their sizes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("regular", type=Path, help="static collection with the Regular weight")
    parser.add_argument("bold", type=Path, help="static collection with the Bold weight")
    parser.add_argument("latin_regular", type=Path, help="Source Sans 3 Regular")
    parser.add_argument("latin_bold", type=Path, help="Source Sans 3 Bold")
    parser.add_argument("output", type=Path, help="directory for the WOFF2 files")
    arguments = parser.parse_args()
    common, latin = common_characters(), missing_latin(arguments.regular)
    jobs = (
        (open_latin(arguments.latin_regular), latin, "DocumentSansLatin-Regular.woff2"),
        (open_latin(arguments.latin_bold), latin, "DocumentSansLatin-Bold.woff2"),
        (open_face(arguments.regular), common, "NotoSansSC-Regular.woff2"),
        (open_face(arguments.bold), common, "NotoSansSC-Bold.woff2"),
        (open_face(arguments.regular), rare_characters(), "NotoSansSC-Regular-rare.woff2"),
    )
    for font, characters, name in jobs:
        size = build(font, characters, arguments.output / name)
        print(f"{name}: {len(characters)} code points, {size:,} bytes", flush=True)


if __name__ == "__main__":
    main()
