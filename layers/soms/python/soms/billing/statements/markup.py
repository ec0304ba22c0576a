"""XML read piece by piece: no document types, no entities, nothing fetched, bounded depth and size."""

from collections.abc import Callable
from typing import Final
from xml.etree.ElementTree import Element
from xml.parsers import expat

from soms.billing.statements.refusals import unreadable

_DEPTH: Final = 64
_HELD: Final = 500_000
_TEXT: Final = 100_000


class Reader:
    """Builds the tree without namespaces and hands over (and lets go of) each element of the given name."""

    def __init__(self, piece: str, take: Callable[[Element, Element], None]) -> None:
        self._piece = piece
        self._take = take
        self._open: list[Element] = []
        self._held = 0
        self.root: Element | None = None

    def read(self, content: bytes) -> Element:
        """Return the root with all that was not handed over; `take` is called with parent and piece."""
        parser = expat.ParserCreate(namespace_separator="}")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _no_doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        try:
            parser.Parse(content, True)  # noqa: FBT003 - expat takes it by position only
        except expat.ExpatError as error:
            raise unreadable("damaged", error.lineno, what=expat.ErrorString(error.code)) from None
        except (LookupError, ValueError):  # an encoding that Python lacks or that has several bytes a letter
            raise unreadable("wrong_encoding") from None
        if self.root is None:
            raise unreadable("no_statement")
        return self.root

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._held += 1
        if len(self._open) >= _DEPTH:
            raise unreadable("nested_too_deep")
        if self._held > _HELD:
            raise unreadable("too_many_lines", limit=_HELD)
        element = Element(tag.rpartition("}")[2], attributes)
        if self._open:
            self._open[-1].append(element)
        else:
            self.root = element
        self._open.append(element)

    def _end(self, _tag: str) -> None:
        element = self._open.pop()
        if element.tag == self._piece and self._open:
            self._take(self._open[-1], element)
            del self._open[-1][-1]  # it is the last one
            self._held -= sum(1 for _ in element.iter())

    def _text(self, text: str) -> None:
        element = self._open[-1]
        if text.isspace():
            return  # between elements
        element.text = (element.text or "") + text
        if len(element.text) > _TEXT:
            raise unreadable("cell_too_long", limit=_TEXT)


def _no_doctype(*_: object) -> None:
    raise unreadable("dtd_refused")


def text(element: Element, *paths: str) -> str:
    """Return the first text that is not empty under one of the paths, or an empty one."""
    for path in paths:
        found = element.findtext(path)
        if found and found.strip():
            return " ".join(found.split())
    return ""
