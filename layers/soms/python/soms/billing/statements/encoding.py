"""From bytes to text: byte order marks, UTF-8, UTF-16, GB18030, and code pages of DOS and Windows."""

import codecs
import re
from typing import Final

from soms.billing.statements.refusals import unreadable

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE: Final = 4_000
# Letters of the DOS code page 852 between letters, where Windows-1252 has neither letters nor apostrophes.
_DOS: Final = re.compile(rb"[A-Za-z][\x81\x82\x84-\x89\x8b\x8d\x8f\x90\x98\x99\x9b\x9d\xa1-\xa3][a-z]")
_ALONE: Final = re.compile(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])")
_PAIR: Final = re.compile(rb"[\x80-\xff]{2}")


def decoded(content: bytes) -> str:
    """Return the text of a table or of an XML file, lines ended by a line feed."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _text(content.removeprefix(mark), encoding)
    for encoding in (*_without_mark(content), "utf-8", "cp1252" if _is_western(content) else "gb18030"):
        try:
            return _lines(content.decode(encoding))
        except UnicodeDecodeError:
            continue
    raise unreadable("wrong_encoding")


def from_bank(content: bytes) -> str:
    """Return the text of a SWIFT, OFX or BAI2 file: UTF-8, or a code page of DOS or Windows."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _text(content.removeprefix(mark), encoding)
    try:
        return _lines(content.decode("utf-8"))
    except UnicodeDecodeError:
        page = "cp852" if _DOS.search(content) else "cp1252"
        return _lines(content.decode(page, errors="replace"))


def _text(content: bytes, encoding: str) -> str:
    try:
        return _lines(content.decode(encoding))
    except UnicodeDecodeError:
        raise unreadable("wrong_encoding") from None


def _without_mark(content: bytes) -> list[str]:
    # Text in UTF-16 has a zero in every other byte wherever it has ASCII.
    sample = content[:_SAMPLE]
    for start, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        half = sample[start::2]
        if half and half.count(0) * 5 > len(half):
            return [encoding]
    return []


def _is_western(content: bytes) -> bool:
    # Letters with accents stand alone between others; Chinese comes in pairs of high bytes.
    alone = sum(1 for _ in _ALONE.finditer(content))
    return alone > sum(1 for _ in _PAIR.finditer(content))


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
