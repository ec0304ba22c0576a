"""All pages of the reference, in both languages."""

from functools import cache
from pathlib import Path

from infra.reference.access import access
from infra.reference.errors import errors
from infra.reference.page import LANGUAGES, name_of
from infra.reference.postings import postings
from infra.reference.states import states

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference"
TOPICS = {"access": access, "errors": errors, "order-states": states, "postings": postings}


@cache
def pages() -> dict[str, str]:
    """Return the text of every page by the name of its file."""
    return {
        name_of(topic, language): made(language) for topic, made in TOPICS.items() for language in LANGUAGES
    }
