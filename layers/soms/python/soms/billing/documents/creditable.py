"""What can still be credited of an invoice, by units or as an allowance on its price: pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Final

from pydantic import Field, model_validator

from soms.billing.model import OrderBilling
from soms.kit import money
from soms.kit.fields import Amount, Request, wrong
from soms.kit.problems import Fault, Problem
from soms.orders.model import Allowance, Line, Order
from soms.orders.quantities import due_of
from soms.orders.requests import MOST_LINES, Reason, Taken

ZERO: Final = Decimal(0)
MOST_ALLOWANCES: Final = 1_000
Group = tuple[str, Decimal, str | None]


class CreditRequest(Request):
    """What is credited of an invoice and why: units of lines, an amount with tax, or all that is left."""

    lines: Annotated[tuple[Taken, ...], Field(min_length=1, max_length=MOST_LINES)] | None = None
    amount: Annotated[Amount, Field(gt=0)] | None = None
    reason: Reason

    @model_validator(mode="after")
    def _not_both(self) -> "CreditRequest":
        if self.lines is not None and self.amount is not None:
            raise wrong("one_of", "give either lines or amount", "lines 与 amount 二选一")
        return self


class AmountExceedsCreditable(Problem):
    """More was to be credited than the invoice still has."""

    status = 409
    code = "amount_exceeds_creditable"
    title = ("More than can be credited", "超出可贷记金额")
    detail = ("The invoice has less left to credit.", "该发票剩余可贷记金额不足。")


class BilledByNewerInvoice(Problem):
    """Units are credited from the last ones billed; these are below those of a newer invoice."""

    status = 409
    code = "billed_by_newer_invoice"
    title = ("A newer invoice bills this line, too", "该行已由更新的发票开具")
    detail = (
        "Units are credited on the newest invoice of a line; an amount can be credited on any.",
        "按数量贷记须使用该行最新的发票；按金额贷记不受限制。",
    )


class TooManyAllowances(Problem):
    """The order holds as many allowances as it can."""

    status = 409
    code = "too_many_allowances"
    title = ("Too many price allowances on one order", "单张订单的价格折让过多")
    detail = ("Credit by units, or what is left of the invoice.", "请按数量贷记，或贷记发票剩余全部。")


@dataclass(frozen=True)
class Left:
    """What an invoice still has of a line: its units from `low` (exclusive) to `high`, and their amounts."""

    line: Line
    low: int
    high: int
    net: Decimal
    tax: Decimal
    newer: str | None = None

    @property
    def gross(self) -> Decimal:
        """Return what can be credited of the line."""
        return self.net + self.tax

    @property
    def group(self) -> Group:
        """Return the tax group of the line."""
        return self.line.tax_category, self.line.tax_rate, self.line.tax_reason


def left(order: Order, billing: OrderBilling, invoice_id: str) -> dict[int, Left]:
    """Return what an invoice still has of each line of its order; `newer` is the last invoice above it."""
    found = {}
    for line in order.lines:
        low, stack = 0, billing.held.get(str(line.line), ())
        for one in stack:
            high = low + one.units
            if one.invoice == invoice_id:
                upper, lower = due_of(line, high), due_of(line, low)
                newer = None if one is stack[-1] else stack[-1].invoice
                net, tax = upper.net - lower.net, upper.tax - lower.tax
                found[line.line] = Left(line, low, high, net, tax, newer)
            low = high
    return found


def most_units(held: Mapping[int, Left]) -> dict[int, int]:
    """Return how many units of each line an invoice still bills."""
    return {number: one.high - one.low for number, one in held.items()}


def require_newest(held: Mapping[int, Left], units: Mapping[int, int], numbers: Mapping[str, str]) -> None:
    """Raise BilledByNewerInvoice where a newer invoice bills one of the lines; `numbers` names invoices."""
    faults = []
    for place, number in enumerate(units):
        name = held[number].newer if number in held else None
        if name:
            told = numbers.get(name, name)
            words = (f"{told} bills line {number}, too", f"第 {number} 行已由 {told} 开具")
            meta = {"line": number, "invoice_id": name, "number": told}
            faults.append(Fault(BilledByNewerInvoice.code, words, f"/lines/{place}/line", meta=meta))
    if faults:
        raise BilledByNewerInvoice(faults=faults)


def exceeds(creditable: Decimal, wanted: Decimal | None, currency: str) -> AmountExceedsCreditable:
    """Return the refusal of crediting more than an invoice has, with both amounts."""
    most = money.text(creditable, currency)
    words = (f"{most} can still be credited", f"可贷记金额为 {most}")
    meta = {"creditable": most} | ({} if wanted is None else {"amount": money.text(wanted, currency)})
    fault = Fault(AmountExceedsCreditable.code, words, "/amount", meta=meta)
    return AmountExceedsCreditable(detail=words, faults=[fault], meta=meta)


def allowances(held: Mapping[int, Left], amount: Decimal, digits: int) -> dict[int, Allowance]:
    """Spread an amount with tax over what an invoice has, in proportion to that, tax at each line's rate.

    Of each tax group the net is round(gross / (1 + rate)), as far as the lines have net and tax for it, and
    each line gets a part of both that it has (domain, section 1). All together are the amount exactly.
    """
    several = list(held.values())
    gross = money.allocate(amount, [one.gross for one in several], digits)
    groups: dict[Group, list[int]] = {}
    for index, one in enumerate(several):
        groups.setdefault(one.group, []).append(index)
    found = {}
    for (_, rate, _), members in groups.items():
        parts = [gross[index] for index in members]
        taxes = _taxes(rate, parts, [several[index] for index in members], digits)
        for index, part, tax in zip(members, parts, taxes, strict=True):
            if part:
                one = several[index]
                found[one.line.line] = Allowance(low=one.low, high=one.high, net=part - tax, tax=tax)
    return dict(sorted(found.items()))


def _taxes(rate: Decimal, gross: Sequence[Decimal], held: Sequence[Left], digits: int) -> list[Decimal]:
    """Return the tax in each part of a tax group: never more than the line has, nor the net."""
    least = [max(part - one.net, ZERO) for part, one in zip(gross, held, strict=True)]
    most = [min(part, one.tax) for part, one in zip(gross, held, strict=True)]
    numerator, denominator = rate.as_integer_ratio()
    whole = money.units(sum(gross, ZERO), digits)
    net = money.divided(whole * denominator, numerator + denominator)
    wanted = money.of_units(whole - net, digits)
    tax = min(max(wanted, sum(least, ZERO)), sum(most, ZERO))
    room = [high - low for low, high in zip(least, most, strict=True)]
    shares = money.allocate(tax - sum(least, ZERO), room, digits)
    return [low + share for low, share in zip(least, shares, strict=True)]
