"""What a provider paid out, against the rows it is made of: captures − refunds − fees, to the cent."""

from dataclasses import dataclass
from decimal import Decimal

from soms.billing.bank.bank_line import BankLine
from soms.kit import aws, money
from soms.kit.settings import Setting


@dataclass(frozen=True)
class Check:
    """A payout and the sums of its rows, in its currency; the difference is nothing where all is told."""

    rows: int
    unmatched: int
    captures: Decimal
    refunds: Decimal
    fees: Decimal
    difference: Decimal

    def shown(self, currency: str) -> dict[str, object]:
        """Return the check as clients see it."""
        amounts = {
            name: money.text(getattr(self, name), currency)
            for name in ("captures", "refunds", "fees", "difference")
        }
        return {"rows": self.rows, "unmatched": self.unmatched, **amounts}


def rows_key(source: str, payout: str) -> str:
    """Return under what the rows of a payout lie together."""
    return f"payout#{source}#{payout}"


def check(payout: BankLine) -> Check:
    """Return the sums of a payout's rows, as the index knows them, and what they differ from it."""
    values = {":rows": rows_key(payout.source, payout.payout or payout.id)}
    rows = list(aws.query(Setting.BILLING, "owing = :rows", values, index="by_owing"))
    nothing = Decimal(0).quantize(payout.amount)
    captures = refunds = fees = nothing
    unmatched = 0
    for row in rows:
        amount, fee = Decimal(str(row["amount"])), Decimal(str(row["fee"]))
        unmatched += row["state"] in {"unmatched", "suggested"}
        if row["word"] == "fee":
            fees -= amount
        elif amount >= 0:
            captures += amount
        else:
            refunds -= amount
        fees += fee
    paid_out = abs(payout.amount) + payout.fee
    return Check(len(rows), unmatched, captures, refunds, fees, captures - refunds - fees - paid_out)
