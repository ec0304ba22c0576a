"""What a bank line is matched with: decided from what somebody said, or from a candidate."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

from soms.billing import balances
from soms.billing.bank import bank_lines
from soms.billing.bank.bank_line import Aim, BankLine, Candidate, MatchRequest, method_of
from soms.billing.cash import collecting, refunds
from soms.billing.cash.desk import Desk
from soms.billing.cash.payment import Payment
from soms.billing.cash.refund import Refund
from soms.catalog.rules import amount_faults
from soms.customers import store as customers
from soms.customers.model import Customer
from soms.kit import clock, money
from soms.kit.access import Caller
from soms.kit.problems import Fault, Invalid, InvalidState, Problem

METHOD: Final = "bank_transfer"
ZERO: Final = Decimal(0)


class DoesNotAddUp(Problem):
    """What a line is to be matched with does not come to its amount."""

    status = 409
    code = "does_not_add_up"
    title = ("The amounts do not add up", "金额不符")


@dataclass
class Match:
    """What becomes of a line and of the money it shows, before it is written."""

    line: BankLine
    fee: Decimal
    aims: list[Aim]
    payments: list[tuple[Payment, Payment]] = field(default_factory=list)
    payout: BankLine | None = None
    refund: Refund | None = None
    new: Payment | None = None
    desk: Desk = field(default_factory=lambda: Desk.of([], []))
    customer: Customer | None = None


def asked(line: BankLine, request: MatchRequest, fee: Decimal, caller: Caller, now: datetime) -> Match:
    """Return what somebody says a line belongs to.

    Raises Invalid, InvalidState, DoesNotAddUp, AmountExceedsOpen.
    """
    if request.candidate is not None:
        if request.candidate >= len(line.candidates):
            words = ("the line has no such candidate", "该流水没有此候选项")
            raise Invalid(Fault("unknown_candidate", words, "/candidate"))
        return aimed(line, line.candidates[request.candidate], fee, caller, now)
    if request.refund_id is not None:
        return _refunded(line, request.refund_id, "/refund_id")
    if request.payments is not None:
        held = balances.payments(one.payment_id for one in request.payments)
        aims = []
        for index, one in enumerate(request.payments):
            payment = held.get(one.payment_id)
            place = f"/payments/{index}"
            if payment is None:
                words = ("there is no such payment", "没有该收款")
                raise Invalid(Fault("unknown_payment", words, f"{place}/payment_id"))
            if faults := amount_faults(one.amount or ZERO, payment.currency, f"{place}/amount"):
                raise Invalid(*faults)
            aims.append(_aim_of(payment, one.amount or payment.uncleared))
        return _cleared(line, aims, fee)
    if request.invoices is not None:
        wanted = {one.invoice_id: one.amount for one in request.invoices}
        items = balances.open_items(wanted)
        missing = [index for index, one in enumerate(wanted) if one not in {item.id for item in items}]
        if missing:
            words = ("there is no such invoice", "没有该发票")
            raise Invalid(Fault("unknown_invoice", words, f"/invoices/{missing[0]}/invoice_id"))
        aims = [
            Aim(kind="invoice", id=one.id, number=one.number, amount=wanted[one.id] or one.open)
            for one in items
        ]
        return _paying(line, aims, items[0].customer_id, fee, caller, now)
    return _paying(line, [], request.customer_id or "", fee, caller, now)


def aimed(line: BankLine, one: Candidate, fee: Decimal, caller: Caller, now: datetime) -> Match:
    """Return what a candidate makes of a line; it may have changed since, and is then refused."""
    if one.aims[0].kind == "payout":
        return _paid_out(line, one.aims[0], fee)
    if one.aims[0].kind == "refund":
        return _refunded(line, one.aims[0].id, "/candidate")
    if one.aims[0].kind == "payment":
        return _cleared(line, list(one.aims), fee)
    return _paying(line, list(one.aims), one.customer_id or "", fee, caller, now)


def _cleared(line: BankLine, aims: list[Aim], fee: Decimal) -> Match:
    """Match a line with payments that were recorded before."""
    held = balances.payments(one.id for one in aims)
    made = Match(line, fee, aims)
    for index, aim in enumerate(aims):
        payment = held[aim.id]
        if (
            payment.currency != line.currency
            or aim.amount > payment.uncleared
            or payment.status != "received"
        ):
            left = money.text(payment.uncleared, payment.currency)
            words = (
                f"{left} {payment.currency} of the payment is uncleared",
                f"该收款未对账金额为 {left} {payment.currency}",
            )
            raise Invalid(Fault("amount_exceeds_uncleared", words, f"/payments/{index}/amount"))
        made.payments.append((payment, payment.cleared_by(aim.amount)))
    _require_sum(line, sum((one.amount for one in aims), ZERO), fee)
    return made


def _refunded(line: BankLine, refund_id: str, place: str) -> Match:
    """Match a line with a refund: the money that left is what was given back."""
    found = refunds.find(refund_id)
    is_there = isinstance(found, Refund) and found.status == "done" and not found.is_cleared
    if not isinstance(found, Refund) or not is_there or found.currency != line.currency:
        words = ("there is no such refund that no line has shown yet", "没有尚未对账的该退款")
        raise Invalid(Fault("unknown_refund", words, place))
    aim = Aim(kind="refund", id=found.id, number=found.reference, amount=found.amount)
    _require_sum(line, -found.amount, ZERO)
    return Match(line, ZERO, [aim], refund=found)


def _paid_out(line: BankLine, aim: Aim, fee: Decimal) -> Match:
    """Match a line with a payout of a provider, whose clearing account it empties."""
    payout = bank_lines.get(aim.id)
    if payout.state != "unmatched" or payout.kind != "payout":
        raise InvalidState(command="match", state=payout.state, allowed=[])
    _require_sum(line, abs(payout.amount), fee)
    return Match(line, fee, [aim], payout=payout)


def _paying(
    line: BankLine,
    aims: list[Aim],
    customer_id: str,
    fee: Decimal,
    caller: Caller,
    now: datetime,
) -> Match:
    """Record the line as a payment of its customer, which settles these invoices; the rest is unapplied."""
    customer = customers.find(customer_id)
    if customer is None:
        words = ("there is no such customer", "没有该客户")
        raise Invalid(Fault("unknown_customer", words, "/customer_id"))
    if line.amount <= 0 or line.is_provider:
        words = ("only money that came in can be a payment", "仅收入流水可生成收款")
        raise Invalid(Fault("not_a_credit", words, ""))
    payment = _payment(line, customer, line.amount + fee, caller, now)
    table = Desk.of(balances.open_items(one.id for one in aims), [payment])
    left = payment.amount
    for index, one in enumerate(aims):
        item, place = table.items[one.id], f"/invoices/{index}"
        if item.customer_id != customer.id or item.currency != line.currency:
            words = (
                "the invoice is another customer's, or in another currency",
                "发票属于其他客户或币种不同",
            )
            raise Invalid(Fault("unknown_invoice", words, f"{place}/invoice_id"))
        if faults := amount_faults(one.amount, item.currency, f"{place}/amount"):
            raise Invalid(*faults)
        if one.amount > item.open:
            raise collecting.exceeds(item, one.amount, f"{place}/amount")
        if one.amount > left:
            _require_sum(line, sum((each.amount for each in aims), ZERO), fee)
        table.give(payment.id, item.id, one.amount, one.amount)
        left -= one.amount
    aim = _aim_of(payment, payment.amount)
    return Match(line, fee, [aim], new=payment, desk=table, customer=customer)


def _payment(line: BankLine, customer: Customer, amount: Decimal, caller: Caller, now: datetime) -> Payment:
    reference = line.bank_reference or line.reference or line.id
    if balances.payments([collecting.id_of(METHOD, reference)]):
        reference = line.id
    return Payment(
        id=collecting.id_of(METHOD, reference),
        customer_id=customer.id,
        customer_name=customer.name,
        salesperson=customer.salesperson,
        home=customer.currency == line.currency,
        currency=line.currency,
        method=METHOD,
        reference=reference,
        amount=amount,
        refunded=ZERO.quantize(amount),
        cleared=amount,
        received_on=line.value_on or line.booked_on,
        recorded_at=clock.stamp(now),
        recorded_by=caller.name,
        said=line.id,
    )


def _aim_of(payment: Payment, amount: Decimal) -> Aim:
    return Aim(
        kind="payment", id=payment.id, number=payment.reference, amount=money.amount(amount, payment.currency)
    )


def _require_sum(line: BankLine, total: Decimal, fee: Decimal) -> None:
    shown = line.amount if line.is_provider else line.amount + fee
    if total != shown:
        left, made = money.text(shown, line.currency), money.text(total, line.currency)
        words = (
            f"the line with its fee comes to {left}, these to {made}",
            f"流水含手续费为 {left}，所选合计为 {made}",
        )
        meta = {"line": left, "selected": made, "difference": money.text(shown - total, line.currency)}
        raise DoesNotAddUp(detail=words, meta=meta)


def methods(made: Match) -> Mapping[str, Decimal]:
    """Return by method of payment what the line shows of its clearing account."""
    if made.payout:
        return {method_of(made.payout.source): abs(made.payout.amount)}
    found: dict[str, Decimal] = {}
    if made.refund:
        for part in made.refund.parts:
            found[part.method] = found.get(part.method, ZERO) - part.amount
        return found
    for aim in made.aims:
        payment = made.new or next(one for one, _ in made.payments if one.id == aim.id)
        found[payment.method] = found.get(payment.method, ZERO) + aim.amount
    return found
