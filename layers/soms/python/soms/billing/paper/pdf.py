"""The PDF of a document or paper: PDF/A-3a and PDF/UA-1, the same bytes whenever it is rendered."""

import hashlib
import io
import json
import sys
from calendar import timegm
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import segno
import typst

from soms.billing.model import Document
from soms.billing.paper import glyphs, sheet
from soms.billing.paper.printed import Paper
from soms.billing.paper.sheet import Sheet

if TYPE_CHECKING:
    from typst import PDFStandard

_STANDARDS: "Final[list[PDFStandard]]" = ["a-3a", "ua-1"]


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
    said = sheet.sheet(document, digest=hashlib.sha256(xml).hexdigest())
    return _set(said, document.recorded_at, layer)


def render_paper(paper: Paper, layer: Path) -> bytes:
    """Set a paper. Raises Unprintable if that can never succeed."""
    return _set(sheet.of_paper(paper), paper.recorded_at, layer)


def _set(said: Sheet, at: datetime, layer: Path) -> bytes:
    press = _press(layer)
    try:
        rendered = typst.compile(
            press.template,
            format="pdf",
            font_paths=press.fonts,
            ignore_system_fonts=True,
            sys_inputs={"sheet": _page(said, press.characters)},
            pdf_standards=_STANDARDS,
            timestamp=timegm(at.utctimetuple()),
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


def _page(said: Sheet, characters: frozenset[int]) -> str:
    held = said.model_dump(mode="json", exclude={"code_text", "incomplete"})
    content = {name: _printable(value, characters) for name, value in held.items()}
    is_complete = glyphs.MISSING not in json.dumps(content, ensure_ascii=False)
    content["incomplete"] = None if is_complete else str(said.incomplete)
    content["code"] = _code(said.code_text)
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
