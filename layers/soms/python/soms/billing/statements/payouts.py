"""What a provider paid out, and whether captures less refunds less fees come to it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from soms.billing.statements.encoding import decoded
from soms.billing.statements.figures import negated
from soms.billing.statements.model import Statement, StatementLine, total
from soms.billing.statements.refusals import unreadable
from soms.billing.statements.tables import cell, from_csv
from soms.kit.money import EXACT

_COLUMNS = ("payoutid", "balancetransactionid")


@dataclass(frozen=True)
class PayoutLink:
    """That a provider's transaction belongs to a payout."""

    payout: str
    bank_reference: str


@dataclass(frozen=True)
class PayoutSum:
    """One payout in one currency: what its lines come to, and what was paid, where the file says it.

    `refunds`, `chargebacks` and `other` are signed: captures + refunds + chargebacks + other − fees = net.
    """

    payout: str
    currency: str
    captures: Decimal
    refunds: Decimal
    chargebacks: Decimal
    other: Decimal
    fees: Decimal
    net: Decimal
    paid: Decimal | None
    lines: int

    @property
    def difference(self) -> Decimal | None:
        """Return what was paid beyond what the lines come to, or None where the file names no payout."""
        return None if self.paid is None else EXACT.subtract(self.paid, self.net)


def links(content: bytes) -> tuple[PayoutLink, ...]:
    """Return the links in Stripe's table of payouts and balance transactions."""
    table = from_csv(decoded(content), lambda names: len(set(names) & set(_COLUMNS)) // len(_COLUMNS))
    places = [table.place(name) for name in _COLUMNS]
    found = []
    for row in table.below:
        payout, reference = (cell(row, place) for place in places)
        if payout and reference:
            found.append(PayoutLink(payout, reference))
        elif payout or reference:
            raise unreadable("bad_line", row.number, text=payout or reference)
    return tuple(found)


def linked(statement: Statement, pairs: Sequence[PayoutLink]) -> Statement:
    """Return the statement with the payouts that the links say, and its own where they say none."""
    payouts = {pair.bank_reference: pair.payout for pair in pairs}
    lines = (
        line.model_copy(update={"payout": payouts.get(line.bank_reference or "", line.payout)})
        for line in statement.lines
    )
    return statement.model_copy(update={"lines": tuple(lines)})


def sums(statements: Iterable[Statement]) -> tuple[PayoutSum, ...]:
    """Return the sum of each payout that a line names, in the order of the lines."""
    groups: dict[tuple[str, str], list[StatementLine]] = {}
    for statement in statements:
        for line in statement.lines:
            if line.payout:
                groups.setdefault((line.payout, line.currency), []).append(line)
    return tuple(_sum(payout, currency, lines) for (payout, currency), lines in groups.items())


def _sum(payout: str, currency: str, lines: Sequence[StatementLine]) -> PayoutSum:
    paid = [line for line in lines if line.kind == "payout"]
    rest = [line for line in lines if line.kind != "payout"]
    charged = total(line.amount for line in rest if line.kind == "fee")
    return PayoutSum(
        payout=payout,
        currency=currency,
        captures=total(line.amount for line in rest if line.kind == "capture"),
        refunds=total(line.amount for line in rest if line.kind == "refund"),
        chargebacks=total(line.amount for line in rest if line.kind == "chargeback"),
        other=total(line.amount for line in rest if line.kind in {"transfer", "other"}),
        fees=EXACT.subtract(total(line.fee for line in rest), charged),
        net=total(line.net for line in rest),
        # A payout leaves the provider's account, so its line is negative.
        paid=negated(total(line.amount for line in paid)) if paid else None,
        lines=len(rest),
    )
