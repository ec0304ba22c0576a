"""Lines before they have their ids, and the one place that gives them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final, Literal
from zoneinfo import ZoneInfo

from soms.billing.statements.model import LineKind, Statement, StatementLine
from soms.billing.statements.refusals import unreadable
from soms.kit.ids import derived

LINES: Final = 200_000
CELL: Final = 10_000


@dataclass(frozen=True)
class Given:
    """What the reader knows besides the file: its name, the company's zone, and what the file may not say."""

    name: str
    zone: ZoneInfo
    account: str = ""
    currency: str = ""


@dataclass(frozen=True)
class Draft:
    """A line as a format found it; empty texts count as none."""

    booked_on: date
    amount: Decimal
    currency: str = ""
    value_on: date | None = None
    kind: LineKind = "transfer"
    fee: Decimal = Decimal(0)
    payer: str | None = None
    payer_account: str | None = None
    reference: str | None = None
    bank_reference: str | None = None
    text: str = ""
    payout: str | None = None


@dataclass(frozen=True)
class Head:
    """What a statement says besides its lines."""

    account: str = ""
    currency: str = ""
    number: str | None = None
    from_on: date | None = None
    to_on: date | None = None
    opening: Decimal | None = None
    closing: Decimal | None = None


class Book:
    """Makes the statements of one file: an id says account, day and content, and the how-many-eth it is.

    The same line in the same or an overlapping file gets the same id; two true twins remain two. Twins are
    counted over the whole file, so statements of one account and day in one file do not hide each other.
    """

    def __init__(self, given: Given, source: str, kind: Literal["bank", "provider"]) -> None:
        self._given = given
        self._source = source
        self._kind = kind
        self._seen: Counter[tuple[str, ...]] = Counter()
        self._count = 0

    def statement(self, head: Head, drafts: Iterable[Draft]) -> Statement:
        """Return the statement of these lines, each with its id and its position from 1."""
        account = " ".join(head.account.split()) or self._given.account
        drafts = list(drafts)
        self._count += len(drafts)
        if self._count > LINES:
            raise unreadable("too_many_lines", limit=LINES)
        spoken = {draft.currency for draft in drafts if draft.currency}
        currency = head.currency or (spoken.pop() if len(spoken) == 1 else self._given.currency)
        lines = tuple(
            self._line(account, replace(draft, currency=draft.currency or currency), position)
            for position, draft in enumerate(drafts, start=1)
        )
        days = [line.booked_on for line in lines]
        return Statement(
            account=account,
            currency=currency or None,
            number=_told(head.number),
            from_on=head.from_on or min(days, default=None),
            to_on=head.to_on or max(days, default=None),
            opening=head.opening,
            closing=head.closing,
            lines=lines,
            kind=self._kind,
            source=self._source,
        )

    def _line(self, account: str, draft: Draft, position: int) -> StatementLine:
        told = {
            name: _told(getattr(draft, name))
            for name in ("payer", "payer_account", "reference", "bank_reference", "payout")
        }
        text = draft.text.strip()
        _short(text, *told.values())
        content = (
            account,
            draft.currency,
            draft.booked_on.isoformat(),
            _normal(draft.amount),
            *(told[name] or "" for name in ("reference", "bank_reference", "payer", "payer_account")),
            text,
        )
        self._seen[content] += 1
        return StatementLine(
            id=derived("stl", *content, str(self._seen[content])),
            account=account,
            currency=draft.currency,
            booked_on=draft.booked_on,
            value_on=draft.value_on,
            amount=draft.amount,
            kind=draft.kind,
            fee=draft.fee,
            text=text,
            position=position,
            **told,
        )


def _told(text: str | None) -> str | None:
    return (text.strip() or None) if text else None


def _short(*texts: str | None) -> None:
    if any(text and len(text) > CELL for text in texts):
        raise unreadable("cell_too_long", limit=CELL)


def _normal(amount: Decimal) -> str:
    # 8.85 and 8.850 are one amount, and so is its line.
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
