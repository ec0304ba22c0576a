"""Stream of documents: each issued document gets its XML and its PDF."""

from collections.abc import Sequence

from pydantic import ValidationError
from soms.billing import files, pdf, ubl
from soms.billing.model import Document
from soms.kit import streams

LAYER = pdf.installed()


def render(changes: Sequence[streams.Change]) -> None:
    """Render and keep the files of new documents; those that have theirs are left alone."""
    for change in changes:
        document = _issued(change)
        # The PDF is kept last: with it everything is there, even if a newer template sets it differently.
        if not files.find(document.id, "pdf"):
            _keep(document)


def _issued(change: streams.Change) -> Document:
    try:
        return Document.model_validate(change.new)
    except ValidationError as error:
        # Fields are named, not quoted: what they hold may be personal.
        wrong = ", ".join(".".join(map(str, fault["loc"])) for fault in error.errors())
        message = f"not a document: {wrong}"
        raise streams.Impossible(message) from error


def _keep(document: Document) -> None:
    try:
        xml = ubl.render(document)
        page = pdf.render(document, xml, LAYER)
    except ValueError as error:
        message = f"the document cannot be rendered: {error}"
        raise streams.Impossible(message) from error
    try:
        files.store(document, "xml", xml)
        files.store(document, "pdf", page)
    except files.FileDiffers as error:
        raise streams.Impossible(str(error)) from error


handler = streams.follow("rendering", render)
