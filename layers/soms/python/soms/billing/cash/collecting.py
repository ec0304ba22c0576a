"""Taking money in: a payment is recorded once, settles what it is for, and what is left stays unapplied."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final, get_args

from soms.billing import accounts, balances, store
from soms.billing.cash import desk, vouching, write_off
from soms.billing.cash.desk import Desk, Posting
from soms.billing.cash.payment import MOST_APPLIED, MOST_HELD, Method, Named, Payment, PaymentRequest
from soms.billing.model import OpenItem
from soms.billing.periods import Periods
from soms.billing.voucher import Voucher
from soms.catalog import store as catalog
from soms.catalog.commands import zone
from soms.catalog.model import Settings
from soms.catalog.rules import amount_faults, unknown_currency
from soms.customers import store as customers
from soms.customers.model import Customer
from soms.kit import aws, clock, ids, journal, money
from soms.kit.access import Caller
from soms.kit.problems import DuplicateReference, Fault, Forbidden, Invalid, Problem
from soms.kit.writes import AlreadyDone, Held, Stale, Writes, decide
from soms.orders import store as orders

CREATED: Final = 201
METHODS: Final = frozenset(get_args(Method))
LOOKED_AT: Final = 120
CREDIT: Final = "customer_credit"
"""The method by which no money comes in."""


class AmountExceedsOpen(Problem):
    """More was to be settled than is open."""

    status = 409
    code = "amount_exceeds_open"
    title = ("More than is open", "超出未清金额")


class TooManyAllocations(Problem):
    """An invoice or a payment holds as many allocations as can be undone at once."""

    status = 409
    code = "too_many_allocations"
    title = ("Too many allocations on one invoice or payment", "单张发票或收款的核销笔数过多")


@dataclass(frozen=True)
class Whose:
    """Whose money it is, what it is for, and the invoices it may settle."""

    customer: Customer
    order_id: str | None
    salesperson: str | None
    candidates: Sequence[str]


@dataclass(frozen=True)
class Facts:
    """What a decision about money rests on."""

    settings: Settings
    periods: Periods
    today: date


def facts(now: datetime) -> Facts:
    """Return the settings, how far the books are closed, and the company's day."""
    settings, periods = aws.get_many([catalog.SETTINGS, balances.PERIODS], consistent=True)
    held = catalog.settings_of(settings)
    return Facts(held, balances.periods_of(periods), now.astimezone(zone(held)).date())


def id_of(method: str, reference: str) -> str:
    """Return the id of a payment: a reference is unique for its method."""
    return ids.derived("pay", method, reference.casefold())


def pay(request: PaymentRequest, caller: Caller, *, now: datetime) -> tuple[Payment, bool]:
    """Record a payment and let it settle what it is for; return it, and whether it was there before.

    Raises Invalid, DuplicateReference, AmountExceedsOpen.
    """
    known = facts(now)
    check(request, known)
    if request.method == CREDIT:
        words = ("customer credit is no money that comes in", "客户余额不是新到账的款项")
        raise Invalid(Fault("no_money", words, "/method"))
    payment_id = id_of(request.method, request.reference)
    whose = whose_of(request)

    def attempt() -> tuple[Payment, bool]:
        held = balances.payments([payment_id]).get(payment_id)
        if held:
            require_same(held.id, held.said, caller)
            return held, True
        payment = _new(payment_id, request, whose, caller, now, known.today)
        table = Desk.of(balances.open_items(candidates(request, whose)), [payment])
        settle(table, payment, request.allocations, only=request.invoice_id, by=(caller, known.settings))
        return _commit(table, payment, whose, known, caller, now), False

    return decide(attempt)


def settle(
    table: Desk,
    payment: Payment,
    wanted: str | Sequence[Named],
    *,
    only: str | None = None,
    by: tuple[Caller, Settings] | None = None,
) -> None:
    """Let a payment on the desk settle invoices on it, as named or by itself.

    What is left open may be given up by whoever may. Raises Invalid where what is named cannot be,
    AmountExceedsOpen where less is open, Forbidden.
    """
    if isinstance(wanted, str):
        if wanted == "auto":
            _settle_by_itself(table, payment, only)
        return
    _require_money(payment, wanted)
    for index, one in enumerate(wanted):
        place = f"/allocations/{index}"
        item = table.items.get(one.invoice_id)
        if item is None or item.customer_id != payment.customer_id:
            words = ("the customer has no such invoice", "该客户没有此发票")
            raise Invalid(Fault("unknown_invoice", words, f"{place}/invoice_id"))
        settled = _settled(payment, item, one, place)
        if settled > item.open:
            raise exceeds(item, settled, f"{place}/amount")
        more = 2 if one.write_off else 1
        if len(item.allocations) + more > MOST_HELD or len(payment.allocations) >= MOST_APPLIED:
            raise TooManyAllocations(faults=[Fault("too_many_allocations", TooManyAllocations.title, place)])
        table.give(payment.id, item.id, one.amount, settled)
        give_up(table, one, by, place)


def give_up(table: Desk, named: Named, by: tuple[Caller, Settings] | None, where: str) -> None:
    """Give up what is said to be given up beside the money that goes to an invoice, as far as the caller may.

    Raises Invalid, Forbidden, AmountExceedsOpen.
    """
    said, item, place = named.write_off, table.items[named.invoice_id], f"{where}/write_off/amount"
    if said is None:
        return
    if faults := amount_faults(said.amount, item.currency, place):
        raise Invalid(*faults)
    amount = money.amount(said.amount, item.currency)
    if by is None:
        raise Forbidden
    caller, settings = by
    write_off.require_right(amount, item.currency, said.reason, caller, settings, with_money=True)
    if amount > item.open:
        raise exceeds(item, amount, place)
    name = ids.derived("wof", caller.command.entry or "", item.id)
    table.write_off(item.id, write_off.allocation(name, amount, said.reason), said.reason)


def exceeds(item: OpenItem, wanted: Decimal, place: str) -> AmountExceedsOpen:
    """Return the refusal of settling more than is open, with both amounts."""
    left, asked = money.text(item.open, item.currency), money.text(wanted, item.currency)
    words = (f"{left} is open on {item.number}", f"{item.number} 未清金额为 {left}")
    meta = {"invoice_id": item.id, "open": left, "amount": asked}
    return AmountExceedsOpen(detail=words, faults=[Fault("amount_exceeds_open", words, place, meta=meta)])


def file(writes: Writes, table: Desk, posting: Posting) -> list[Voucher]:
    """Add the vouchers of what was moved on the desk to the writes."""
    made = vouching.vouchers(table, posting)
    for voucher in made:
        store.insert_voucher(writes, voucher)
    return made


def put(writes: Writes, table: Desk, *, new: Payment | None = None) -> None:
    """Add what changed on the desk to the writes; a payment that is new is left out."""
    for old, item in table.changed_items:
        balances.put_open_item(writes, item, before=old)
    for before, payment in table.changed_payments:
        if new is None or payment.id != new.id:
            balances.put_payment(writes, payment, before=before)


def move(writes: Writes, table: Desk, posting: Posting) -> list[Voucher]:
    """Add all that was moved on the desk to the writes: vouchers, what changed, customers' exposure."""
    made = file(writes, table, posting)
    put(writes, table)
    for customer_id, relief in table.relief.items():
        customers.collect(writes, customers.get(customer_id), -relief)
    return made


def posting_of(caller: Caller, event: journal.Event, known: Facts, now: datetime) -> Posting:
    """Return what the vouchers of a command have in common; their ids follow from its journal entry."""
    return Posting(
        name=journal.entry_id(caller, event.aggregate, event.version),
        wanted_on=known.today,
        periods=known.periods,
        recorded_at=now,
        recorded_by=caller.name,
        reason=event.reason,
    )


def _commit(
    table: Desk, payment: Payment, whose: Whose, known: Facts, caller: Caller, now: datetime
) -> Payment:
    writes = Writes()
    after = record(writes, table, payment, whose.customer, known, caller, now=now)
    writes.commit()
    return after


def record(
    writes: Writes,
    table: Desk,
    payment: Payment,
    customer: Customer,
    known: Facts,
    caller: Caller,
    *,
    now: datetime,
) -> Payment:
    """Add a new payment and what it settles on the desk to the writes, with the journal entry; return it."""
    after = table.payments[payment.id].model_copy(update={"seq": 1})
    balances.insert_payment(writes, after, _taken)
    voucher = _voucher(after, known.periods, now)
    store.insert_voucher(writes, voucher)
    posting = Posting(
        name=payment.id,
        wanted_on=voucher.posted_on,
        periods=known.periods,
        recorded_at=now,
        recorded_by=caller.name,
    )
    file(writes, table, posting)
    put(writes, table, new=payment)
    relief = table.relief.get(payment.customer_id, Decimal(0)) + (payment.amount if payment.home else 0)
    customers.collect(writes, customer, -relief)
    facts = {"customer": payment.customer_id, "currency": payment.currency, "amount": str(payment.amount)}
    event = replace(
        moved("payment.received", payment, table),
        status=CREATED,
        changes={"unapplied": [None, str(after.unapplied)]},
        facts=facts | {"method": payment.method},
    )
    journal.record(writes, event, caller, at=now)
    return after


def moved(name: str, payment: Payment, table: Desk) -> journal.Event:
    """Return what the journal says of a payment after money was moved on the desk."""
    after = table.payments[payment.id]
    return journal.Event(
        name=name,
        aggregate=f"payment#{payment.id}",
        version=after.version,
        resource=("payment", payment.id),
        changes={"unapplied": [str(payment.unapplied), str(after.unapplied)]},
    )


def _voucher(payment: Payment, periods: Periods, now: datetime) -> Voucher:
    day = periods.day(payment.received_on)
    return Voucher(
        id=ids.derived("vou", "payment", payment.id),
        kind="payment",
        customer_id=payment.customer_id,
        payment_id=payment.id,
        method=payment.method,
        reference=payment.reference,
        currency=payment.currency,
        amount=payment.amount,
        postings=accounts.postings("payment", {"amount": payment.amount}, method=payment.method),
        posted_on=day,
        wanted_on=None if day == payment.received_on else payment.received_on,
        recorded_at=now,
        recorded_by=payment.recorded_by,
    )


def _new(
    payment_id: str, request: PaymentRequest, whose: Whose, caller: Caller, now: datetime, today: date
) -> Payment:
    amount = money.amount(request.amount, request.currency)
    return Payment(
        id=payment_id,
        customer_id=whose.customer.id,
        customer_name=whose.customer.name,
        salesperson=whose.salesperson,
        order_id=whose.order_id,
        home=request.currency == whose.customer.currency,
        currency=request.currency,
        method=request.method,
        reference=request.reference,
        amount=amount,
        refunded=Decimal(0).quantize(amount),
        received_on=request.received_on or today,
        is_automatic=request.allocations == "auto",
        note=request.note,
        recorded_at=clock.stamp(now),
        recorded_by=caller.name,
        said=caller.command.request,
    )


def require_same(held_id: str, said: str, caller: Caller) -> None:
    """Require that what has this reference already was said in the same words, or raise DuplicateReference.

    Raises AlreadyDone where it was this very command.
    """
    done = journal.find(caller.command.entry) if caller.command.entry else None
    if done:
        raise AlreadyDone(done)
    if said != caller.command.request:
        raise DuplicateReference(meta={"id": held_id})


def _taken(_held: Held) -> Exception:
    return Stale()


def check(request: PaymentRequest, known: Facts) -> None:
    """Raise Invalid for what is wrong with a payment whoever's it is."""
    faults: list[Fault] = []
    if not money.known(request.currency):
        faults.append(unknown_currency("/currency"))
    else:
        faults += amount_faults(request.amount, request.currency, "/amount")
    more = {one.id for one in known.settings.payment_methods}
    if request.method not in METHODS | more:
        words = ("there is no such method of payment", "没有该收款方式")
        faults.append(Fault("unknown_method", words, "/method"))
    if request.received_on and request.received_on > known.today:
        words = ("this day has not come yet", "日期不得晚于今天")
        faults.append(Fault("too_late", words, "/received_on"))
    if faults:
        raise Invalid(*faults)


def whose_of(request: PaymentRequest) -> Whose:
    """Return whose payment it is and what it may settle, or raise Invalid."""
    if request.order_id:
        order = orders.find(request.order_id)
        if order is None or not order.is_binding:
            words = ("there is no such confirmed order", "没有该已确认订单")
            raise Invalid(Fault("unknown_order", words, "/order_id"))
        held, _ = balances.of_order(order.id)
        invoices = store.billing_of(order.id, held).invoices
        return Whose(customers.get(order.customer.id), order.id, order.salesperson, invoices)
    if request.invoice_id:
        found = balances.open_items([request.invoice_id])
        if not found:
            words = ("there is no such invoice", "没有该发票")
            raise Invalid(Fault("unknown_invoice", words, "/invoice_id"))
        buyer = customers.get(found[0].customer_id)
        return Whose(buyer, None, found[0].salesperson, [request.invoice_id])
    customer = customers.find(request.customer_id or "")
    if customer is None:
        words = ("there is no such customer", "没有该客户")
        raise Invalid(Fault("unknown_customer", words, "/customer_id"))
    owing = balances.owing(customer.id, limit=LOOKED_AT) if request.allocations == "auto" else []
    return Whose(customer, None, customer.salesperson, owing)


def candidates(request: PaymentRequest, whose: Whose) -> list[str]:
    """Return the invoices that a payment may settle: those that are named, or all that it is for."""
    if isinstance(request.allocations, str):
        return list(whose.candidates) if request.allocations == "auto" else []
    return [one.invoice_id for one in request.allocations]


def _settle_by_itself(table: Desk, payment: Payment, only: str | None) -> None:
    items = [one for one in table.items.values() if one.currency == payment.currency]
    if only and not items:
        words = (
            "the invoice is in another currency: name `invoice_amount`",
            "发票为其他货币，须注明 invoice_amount",
        )
        raise Invalid(Fault("invoice_amount_required", words, "/allocations"))
    for invoice_id, amount in desk.plan(payment.unapplied, items):
        table.give(payment.id, invoice_id, amount, amount)


def _require_money(payment: Payment, wanted: Sequence[Named]) -> None:
    faults = [
        fault
        for index, one in enumerate(wanted)
        for fault in amount_faults(one.amount, payment.currency, f"/allocations/{index}/amount")
    ]
    if len({one.invoice_id for one in wanted}) < len(wanted):
        words = ("an invoice is named twice", "发票重复")
        faults.append(Fault("duplicate", words, "/allocations"))
    if not faults and sum((one.amount for one in wanted), Decimal(0)) > payment.unapplied:
        left = money.text(payment.unapplied, payment.currency)
        words = (f"{left} of the payment is unapplied", f"收款未核销金额为 {left}")
        faults.append(Fault("amount_exceeds_unapplied", words, "/allocations", meta={"unapplied": left}))
    if faults:
        raise Invalid(*faults)


def _settled(payment: Payment, item: OpenItem, one: Named, place: str) -> Decimal:
    where = f"{place}/invoice_amount"
    if item.currency == payment.currency:
        if one.invoice_amount not in {None, one.amount}:
            words = ("both are in one currency: leave it out", "币种相同，无须填写")
            raise Invalid(Fault("invalid", words, where))
        return money.amount(one.amount, item.currency)
    if one.invoice_amount is None:
        words = (
            f"the invoice is in {item.currency}: say how much of it is settled",
            f"发票币种为 {item.currency}，须注明核销的发票金额",
        )
        raise Invalid(Fault("invoice_amount_required", words, where))
    if faults := amount_faults(one.invoice_amount, item.currency, where):
        raise Invalid(*faults)
    return money.amount(one.invoice_amount, item.currency)
