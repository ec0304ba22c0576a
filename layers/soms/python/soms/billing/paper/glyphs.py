"""Which characters the fonts can show; PDF/A allows no others, so these are replaced before they are set."""

import re
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

MISSING: Final = "□"
_HIGH_GROUPS: Final = 12
# Nothing to see (controls, byte order marks), or able to turn round what stands beside them (bidirectional).
_UNSEEN: Final = re.compile("[\0-\x08\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_SPACES: Final = re.compile(r"\s+")
_PRIVATE: Final = (range(0xE000, 0xF900), range(0xF0000, 0x110000))


def covered(fonts: Iterable[Path]) -> frozenset[int]:
    """Return the code points that at least one TrueType font has a glyph for; private ones do not count."""
    return frozenset(
        point
        for font in fonts
        for point in _points(font.read_bytes())
        if not any(point in private for private in _PRIVATE)
    )


def shown(text: str, known: frozenset[int]) -> str:
    """Return the text on one line with `□` for each character that no font can show."""
    visible = _SPACES.sub(" ", _UNSEEN.sub("", text)).strip()
    return "".join(character if ord(character) in known else MISSING for character in visible)


def _points(font: bytes) -> Iterator[int]:
    """Yield what the font's full-range character map (OpenType `cmap`, format 12) holds."""
    cmap = _table(font, b"cmap")
    (maps,) = struct.unpack_from(">H", font, cmap + 2)
    for at in range(maps):
        (offset,) = struct.unpack_from(">L", font, cmap + 8 + 8 * at)
        (kind,) = struct.unpack_from(">H", font, cmap + offset)
        if kind == _HIGH_GROUPS:
            (groups,) = struct.unpack_from(">L", font, cmap + offset + 12)
            start = cmap + offset + 16
            for first, last, _ in struct.iter_unpack(">LLL", font[start : start + 12 * groups]):
                yield from range(first, last + 1)
            return


def _table(font: bytes, tag: bytes) -> int:
    (tables,) = struct.unpack_from(">H", font, 4)
    for at in range(tables):
        name, _, offset, _ = struct.unpack_from(">4sLLL", font, 12 + 16 * at)
        if name == tag:
            return int(offset)
    message = f"a font without the table {tag.decode()}"
    raise ValueError(message)
