"""The PDF of an invoice or credit note: PDF/A-3a and PDF/UA-1, the same bytes whenever it is rendered."""

import hashlib
import io
import json
import sys
from calendar import timegm
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import segno
import typst

from soms.billing import glyphs, sheet
from soms.billing.model import Document

if TYPE_CHECKING:
    from typst import PDFStandard

_STANDARDS: "Final[list[PDFStandard]]" = ["a-3a", "ua-1"]
_INCOMPLETE: Final = (
    f"无法显示的字符以 {glyphs.MISSING} 代替，原文见 XML 文件。",
    f"Characters that cannot be shown here appear as {glyphs.MISSING}; the XML file has them.",
)


class Unprintable(ValueError):
    """The document cannot be set, however often it is tried."""


class TemplateMissing(RuntimeError):
    """No folder that Python looks into belongs to the layer with template and fonts."""


@dataclass(frozen=True)
class _Press:
    """What every page needs, read once."""

    template: Path
    fonts: typst.Fonts
    characters: frozenset[int]


def installed() -> Path:
    """Return the folder of the rendering layer, wherever it is mounted: its Python folder is on the path."""
    for folder in sys.path:
        beside = Path(folder).parent
        if (beside / "templates" / "document.typ").is_file():
            return beside
    message = "no layer has templates/document.typ beside its Python folder"
    raise TemplateMissing(message)


def render(document: Document, xml: bytes, layer: Path) -> bytes:
    """Set a document; its page carries the hash of its XML. Raises Unprintable if that can never succeed."""
    press = _press(layer)
    try:
        rendered = typst.compile(
            press.template,
            format="pdf",
            font_paths=press.fonts,
            ignore_system_fonts=True,
            sys_inputs={"sheet": _page(document, xml, press.characters)},
            pdf_standards=_STANDARDS,
            timestamp=timegm(document.recorded_at.utctimetuple()),
        )
    except typst.TypstError as error:
        raise Unprintable(error.message) from error
    if not isinstance(rendered, bytes):
        message = "typst gave no file"
        raise Unprintable(message)
    return rendered


@cache
def _press(layer: Path) -> _Press:
    folder = layer / "fonts"
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[folder])
    return _Press(layer / "templates" / "document.typ", fonts, glyphs.covered(sorted(folder.glob("*.ttf"))))


def _page(document: Document, xml: bytes, characters: frozenset[int]) -> str:
    said = sheet.sheet(document, digest=hashlib.sha256(xml).hexdigest())
    content = {name: _printable(value, characters) for name, value in said.items() if name != "code_text"}
    is_complete = glyphs.MISSING not in json.dumps(content, ensure_ascii=False)
    content["incomplete"] = None if is_complete else _INCOMPLETE
    content["code"] = _code(said["code_text"])
    return json.dumps(content, ensure_ascii=False)


def _printable(said: object, characters: frozenset[int]) -> object:
    if isinstance(said, str):
        return glyphs.shown(said, characters)
    if isinstance(said, Mapping):
        return {name: _printable(value, characters) for name, value in said.items()}
    if isinstance(said, (list, tuple)):
        return [_printable(value, characters) for value in said]
    return said


def _code(text: str) -> str:
    """Draw a QR code as SVG."""
    drawn = io.BytesIO()
    segno.make(text, error="m", micro=False, encoding="utf-8").save(
        drawn, kind="svg", border=0, xmldecl=False
    )
    return drawn.getvalue().decode()
