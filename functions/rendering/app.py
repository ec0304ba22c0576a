"""Stream of documents: each issued document gets its XML and its PDF, each paper its PDF."""

from collections.abc import Sequence

from pydantic import ValidationError
from soms.billing import files, store
from soms.billing.files import Format
from soms.billing.model import Document
from soms.billing.paper import pdf, ubl
from soms.billing.paper.printed import Paper
from soms.kit import streams

LAYER = pdf.installed()


def render(changes: Sequence[streams.Change]) -> None:
    """Render and keep the files of what is new; what has its files is left alone."""
    for change in changes:
        document = _issued(change)
        # The PDF is kept last: with it everything is there, even if a newer template sets it differently.
        if not files.find(document.id, "pdf"):
            _keep(document)


def _issued(change: streams.Change) -> Document | Paper:
    model = Paper if change.new and change.new.get("part") == store.PAPER else Document
    try:
        return model.model_validate(change.new)
    except ValidationError as error:
        # Fields are named, not quoted: what they hold may be personal.
        wrong = ", ".join(".".join(map(str, fault["loc"])) for fault in error.errors())
        message = f"not a document: {wrong}"
        raise streams.Impossible(message) from error


def _keep(document: Document | Paper) -> None:
    try:
        rendered = _files(document)
    except ValueError as error:
        message = f"the document cannot be rendered: {error}"
        raise streams.Impossible(message) from error
    try:
        for form, content in rendered.items():
            files.store(document, form, content)
    except files.FileDiffers as error:
        raise streams.Impossible(str(error)) from error


def _files(document: Document | Paper) -> dict[Format, bytes]:
    if isinstance(document, Paper):
        return {"pdf": pdf.render_paper(document, LAYER)}
    xml = ubl.render(document)
    return {"xml": xml, "pdf": pdf.render(document, xml, LAYER)}


handler = streams.follow("rendering", render)
