"""Documents → ledger: each document that is made is entered once."""

from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from soms.accounting import ledger
from soms.accounting.model import Posted
from soms.kit.streams import Change, Impossible


def keep(changes: Sequence[Change]) -> None:
    """Enter the documents of the changes; repeats change nothing."""
    ledger.enter([posted(change.new or {}) for change in changes])


def posted(image: Mapping[str, object]) -> Posted:
    """Return a document as the books see it, or raise Impossible where it can never be entered."""
    try:
        return Posted.model_validate(image)
    except ValidationError as error:
        # Fields are named, not quoted: what they hold may be personal.
        wrong = ", ".join(".".join(map(str, fault["loc"])) or fault["msg"] for fault in error.errors())
        message = f"not a document that can be entered: {wrong}"
        raise Impossible(message) from error
