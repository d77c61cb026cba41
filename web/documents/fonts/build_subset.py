"""Cut the document fonts out of Noto Sans CJK and write them as static WOFF2 files.

Usage::

    python -m web.documents.fonts.build_subset REGULAR.ttc BOLD.ttc OUTPUT_DIRECTORY

The inputs are the static collections of Debian's package ``fonts-noto-cjk`` (``NotoSansCJK-Regular.ttc`` and
``NotoSansCJK-Bold.ttc``). Three files come out: the common characters in both weights, and the rest of GBK in Regular
only; a rare character in bold text falls back to that face. Variable fonts are refused, since laying them out takes
many times longer.

The outlines become quadratic on a grid of 500 units: at 10 pt one unit is 7 micrometres, finer than a printer's dot,
and the files shrink by a quarter. Features that exchange glyphs (``locl``, ``vert``) are dropped, since they would bring the
Japanese, Korean and vertical forms of every character along.
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

FACE = "Noto Sans CJK SC"
UNITS_PER_EM = 500
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


def build(source: Path, characters: frozenset[int], target: Path) -> int:
    """Write one file and return its size in bytes."""
    font = open_face(source)
    cut(font, characters)
    make_quadratic(font)
    scale_upem(font, UNITS_PER_EM)
    align_bearings(font)
    font["head"].modified = font["head"].created  # the same input gives the same file
    font.recalcTimestamp = False
    font.flavor = "woff2"
    font.save(target)
    return target.stat().st_size


def main() -> None:
    """Read the arguments, write the three files, and print their sizes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("regular", type=Path, help="static collection with the Regular weight")
    parser.add_argument("bold", type=Path, help="static collection with the Bold weight")
    parser.add_argument("output", type=Path, help="directory for the WOFF2 files")
    arguments = parser.parse_args()
    jobs = (
        (arguments.regular, common_characters(), "NotoSansSC-Regular.woff2"),
        (arguments.bold, common_characters(), "NotoSansSC-Bold.woff2"),
        (arguments.regular, rare_characters(), "NotoSansSC-Regular-rare.woff2"),
    )
    for source, characters, name in jobs:
        size = build(source, characters, arguments.output / name)
        print(f"{name}: {len(characters)} code points, {size:,} bytes", flush=True)


if __name__ == "__main__":
    main()
