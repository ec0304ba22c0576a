"""Settling invoices with a customer's credit, which is what its payments have unapplied."""

from datetime import datetime
from decimal import Decimal
from typing import Final

from soms.billing import balances
from soms.billing.cash import collecting, desk
from soms.billing.cash.collecting import CREATED, CREDIT, LOOKED_AT, Facts, TooManyAllocations, Whose
from soms.billing.cash.credit_use import CreditUse, Source, give, usable
from soms.billing.cash.desk import Desk, Planned
from soms.billing.cash.payment import MOST_APPLIED, MOST_AT_ONCE, MOST_HELD, Named, PaymentRequest
from soms.billing.model import OpenItem
from soms.catalog.rules import amount_faults
from soms.kit import clock, journal, money
from soms.kit.access import Caller
from soms.kit.problems import Fault, Invalid, Problem
from soms.kit.writes import Held, Stale, Writes, decide

ZERO: Final = Decimal(0)


class AmountExceedsCredit(Problem):
    """More was to be paid than the customer has unapplied."""

    status = 409
    code = "amount_exceeds_credit"
    title = ("More than the customer's credit", "超出客户可用余额")

    def __init__(self, wanted: Decimal, left: Decimal, currency: str) -> None:
        """Name both amounts."""
        asked, there = money.text(wanted, currency), money.text(left, currency)
        words = (
            f"{asked} {currency} is to be paid, the customer's payments have {there} unapplied.",
            f"需支付 {asked} {currency}，客户未核销收款为 {there}。",
        )
        super().__init__(detail=words, meta={"credit": there, "amount": asked, "currency": currency})


def pay(request: PaymentRequest, caller: Caller, *, now: datetime) -> tuple[CreditUse, bool]:
    """Settle invoices from the customer's unapplied payments, the oldest first; no money comes in.

    Return what was used, and whether it was there before. Raises Invalid, DuplicateReference,
    AmountExceedsCredit, AmountExceedsOpen, TooManyAllocations, Forbidden.
    """
    known = collecting.facts(now)
    collecting.check(request, known)
    if request.allocations == "none":
        words = ("credit settles invoices and does nothing else", "客户余额只能用于核销发票")
        raise Invalid(Fault("nothing_to_settle", words, "/allocations"))
    whose = collecting.whose_of(request)
    used_id = collecting.id_of(CREDIT, request.reference)

    def attempt() -> tuple[CreditUse, bool]:
        held = balances.credit_use(used_id)
        if held:
            collecting.require_same(held.id, held.said, caller)
            return held, True
        named = balances.unapplied(whose.customer.id, request.currency, limit=LOOKED_AT)
        sources = usable(balances.payments(named).values(), request.currency, MOST_AT_ONCE)
        credit = sum((one.unapplied for one in sources), ZERO)
        if request.amount > credit:
            raise AmountExceedsCredit(request.amount, credit, request.currency)
        table = Desk.of(balances.open_items(collecting.candidates(request, whose)), sources)
        taken = _settle(table, request, whose, caller, known)
        made = _new(used_id, request, whose, taken, caller, now, known)
        return _commit(table, made, caller, known, now), False

    return decide(attempt)


def _settle(
    table: Desk, request: PaymentRequest, whose: Whose, caller: Caller, known: Facts
) -> tuple[Source, ...]:
    if isinstance(request.allocations, str):
        planned = _by_itself(table, request)
    else:
        planned = _as_named(table, request.allocations, request, whose)
    order, taken = list(table.payments), list[Source]()
    for invoice_id, amount in planned:
        taken += give(table, order, invoice_id, amount)
    for index, one in enumerate(request.allocations if not isinstance(request.allocations, str) else ()):
        collecting.give_up(table, one, (caller, known.settings), f"/allocations/{index}")
    crowded = [one for one in table.items.values() if len(one.allocations) > MOST_HELD]
    if crowded or any(len(one.allocations) > MOST_APPLIED for one in table.payments.values()):
        raise TooManyAllocations
    return tuple(taken)


def _by_itself(table: Desk, request: PaymentRequest) -> list[Planned]:
    items = [one for one in table.items.values() if one.currency == request.currency]
    planned = desk.plan(request.amount, items)
    there = sum((amount for _, amount in planned), ZERO)
    if there < request.amount and any(one.open and len(one.allocations) >= MOST_HELD for one in items):
        raise TooManyAllocations
    if there < request.amount:
        left, asked = (money.text(one, request.currency) for one in (there, request.amount))
        words = (
            f"{left} is open on what it is to pay, and credit is used for nothing else.",
            f"待核销的未清金额为 {left}，客户余额不能用于其他用途。",
        )
        raise collecting.AmountExceedsOpen(detail=words, meta={"open": left, "amount": asked})
    return planned


def _as_named(
    table: Desk, several: tuple[Named, ...], request: PaymentRequest, whose: Whose
) -> list[Planned]:
    faults = list[Fault]()
    for index, one in enumerate(several):
        place, item = f"/allocations/{index}", table.items.get(one.invoice_id)
        if item is None or item.customer_id != whose.customer.id:
            words = ("the customer has no such invoice", "该客户没有此发票")
            faults.append(Fault("unknown_invoice", words, f"{place}/invoice_id"))
        elif item.currency != request.currency:
            words = (f"the invoice is in {item.currency}", f"发票币种为 {item.currency}")
            faults.append(Fault("currency_mismatch", words, f"{place}/invoice_id"))
        else:
            faults += amount_faults(one.amount, request.currency, f"{place}/amount")
    if len({one.invoice_id for one in several}) < len(several):
        faults.append(Fault("duplicate", ("an invoice is named twice", "发票重复"), "/allocations"))
    if sum((one.amount for one in several), ZERO) != request.amount:
        words = ("the allocations must come to the amount", "核销金额合计须等于支付金额")
        faults.append(Fault("sum_differs", words, "/allocations"))
    if faults:
        raise Invalid(*faults)
    for index, one in enumerate(several):
        item = table.items[one.invoice_id]
        if one.amount > item.open:
            raise collecting.exceeds(item, one.amount, f"/allocations/{index}/amount")
    return [(one.invoice_id, _exact(one.amount, table.items[one.invoice_id])) for one in several]


def _exact(amount: Decimal, item: OpenItem) -> Decimal:
    return money.amount(amount, item.currency)


def _new(
    used_id: str,
    request: PaymentRequest,
    whose: Whose,
    taken: tuple[Source, ...],
    caller: Caller,
    now: datetime,
    known: Facts,
) -> CreditUse:
    return CreditUse(
        id=used_id,
        customer_id=whose.customer.id,
        customer_name=whose.customer.name,
        salesperson=whose.salesperson,
        order_id=whose.order_id,
        currency=request.currency,
        method=CREDIT,
        reference=request.reference,
        amount=money.amount(request.amount, request.currency),
        sources=taken,
        received_on=request.received_on or known.today,
        note=request.note,
        recorded_at=clock.stamp(now),
        recorded_by=caller.name,
        said=caller.command.request,
    )


def _commit(table: Desk, made: CreditUse, caller: Caller, known: Facts, now: datetime) -> CreditUse:
    event = journal.Event(
        name="credit.used",
        aggregate=f"payment#{made.id}",
        version=1,
        resource=("payment", made.id),
        status=CREATED,
        facts={"customer": made.customer_id, "currency": made.currency, "amount": str(made.amount)},
    )
    for name in dict.fromkeys(one.payment_id for one in made.sources):
        table.payments[name] = table.payments[name].commanded()
    writes = Writes()
    balances.insert_credit_use(writes, made, _taken)
    collecting.move(writes, table, collecting.posting_of(caller, event, known, now))
    journal.record(writes, event, caller, at=now)
    writes.commit()
    return made


def _taken(_held: Held) -> Exception:
    return Stale()
