"""What an answer of the tax platform means for a tax invoice."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Final

from soms.billing.fapiao.port import (
    Absent,
    Accepted,
    Confirmation,
    Issued,
    Outcome,
    RedOutcome,
    Refused,
    Standing,
    Unknown,
)

SERIAL_TAKEN: Final = "serial_taken"
ANSWERS: Final[Mapping[Standing, str]] = {
    "open": "confirmation_open",
    "confirmed": "confirmation_confirmed",
    "refused": "confirmation_refused",
    "lapsed": "confirmation_refused",
    "withdrawn": "confirmation_withdrawn",
}


@dataclass(frozen=True)
class News:
    """An answer of the platform by its name in the table, what it changes, and what stood in the way."""

    answer: str
    changes: Mapping[str, object] = field(default_factory=dict)
    trouble: tuple[str, str] | None = None


def heard(outcome: Outcome, *, asked: bool) -> News:
    """Return what is told of a request; `asked` when it was only asked about, not sent."""
    match outcome:
        case Accepted():
            return News("accepted")
        case Issued():
            return News("issued", asdict(outcome))
        case Refused(code, text):
            # Under this serial something else arrived: what it was, the query tells.
            return News("lost" if code == SERIAL_TAKEN else "refused", trouble=(code, text))
        case Unknown(text):
            return News("unheard" if asked else "lost", trouble=("answer_lost", text))
        case Absent():
            return News("lost", trouble=("absent", "the platform does not know it"))


def of_red(told: RedOutcome, *, refused: str = "confirmation_refused") -> News:
    """Return what is told of a red confirmation; `refused` is what a refusal means."""
    match told:
        case Confirmation(number, standing):
            lapsed = ("confirmation_lapsed", "72 小时内未确认") if standing == "lapsed" else None
            return News(ANSWERS[standing], {"confirmation_number": number}, trouble=lapsed)
        case Refused(code, text):
            return News(refused, trouble=(code, text))
        case Unknown(text):
            return News("confirmation_lost", trouble=("answer_lost", text))
        case Absent():
            return News("confirmation_lost", trouble=("absent", "the platform does not know it"))
