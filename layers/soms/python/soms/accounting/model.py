"""What the books are made of: posted documents, their lines, and sums of debit and credit."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from pydantic import model_validator

from soms.billing.model import Posting
from soms.billing.voucher import Portion, sums
from soms.kit.fields import Frozen

ZERO: Final = Decimal(0)
MONTH: Final = 7
"""The length of a month in a day or a moment, such as `2026-11`."""


@dataclass(frozen=True)
class Sums:
    """Debit and credit, and how many entries they are of."""

    debit: Decimal = ZERO
    credit: Decimal = ZERO
    entries: int = 0

    @property
    def balance(self) -> Decimal:
        """Return debit less credit."""
        return self.debit - self.credit

    def __add__(self, other: "Sums") -> "Sums":
        """Return both together."""
        return Sums(
            self.debit + other.debit, self.credit + other.credit, self.entries + other.entries
        )


Account = tuple[str, str]
"""An account and a currency."""


class Posted(Frozen):
    """A document or voucher as the books see it, from its stream image or a row of an index.

    `recorded_key` is the moment it was recorded and its id: the order in which all documents were made.
    """

    id: str
    part: str
    kind: str
    number: str | None = None
    reference: str | None = None
    reason: str | None = None
    customer_id: str | None = None
    order_id: str | None = None
    invoice_id: str | None = None
    invoice_number: str | None = None
    payment_id: str | None = None
    method: str | None = None
    currency: str
    portions: tuple[Portion, ...] = ()
    postings: tuple[Posting, ...]
    posted_on: date
    wanted_on: date | None = None
    recorded_key: str

    @model_validator(mode="before")
    @classmethod
    def _by_its_day(cls, held: object) -> object:
        # What is issued counts for the day of issue.
        if isinstance(held, Mapping) and "posted_on" not in held:
            return {**held, "posted_on": held.get("issued_on")}
        return held

    @model_validator(mode="after")
    def _balanced(self) -> "Posted":
        found = sums(self.postings, self.currency).values()
        if not self.postings or any(debit != credit for debit, credit in found):
            message = "its postings do not balance"
            raise ValueError(message)
        return self

    @property
    def month(self) -> str:
        """Return the month it counts for, such as `2026-11`."""
        return str(self.posted_on)[:MONTH]

    @property
    def recorded_month(self) -> str:
        """Return the month (UTC) in which it was recorded."""
        return self.recorded_key[:MONTH]

    @property
    def recorded_at(self) -> str:
        """Return the moment it was recorded."""
        return self.recorded_key.partition("#")[0]

    @property
    def lines(self) -> dict[Account, Sums]:
        """Return what it posts, by account and currency: what is nothing is left out, unless all is."""
        found: dict[Account, Sums] = {}
        for one in self.postings:
            place = one.account, one.currency or self.currency
            found[place] = found.get(place, Sums()) + Sums(one.debit, one.credit)
        said = {place: Sums(of.debit, of.credit, 1) for place, of in found.items() if of.debit or of.credit}
        return said or {place: Sums(entries=1) for place in list(found)[:1]}


def added(parts: Iterable[Mapping[Account, Sums]]) -> dict[Account, Sums]:
    """Return sums of several kinds together, by account and currency."""
    found: dict[Account, Sums] = {}
    for part in parts:
        for place, of in part.items():
            found[place] = found.get(place, Sums()) + of
    return found
