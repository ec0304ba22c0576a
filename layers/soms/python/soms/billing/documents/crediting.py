"""Credit notes by hand, of units or of an amount: a command on the order, too (protocol, rule 12)."""

from datetime import datetime
from decimal import Decimal

from soms.billing import store
from soms.billing.documents import creditable, issuing, run
from soms.billing.documents.creditable import CreditRequest, Left, TooManyAllowances
from soms.billing.documents.invoicing import Bill
from soms.billing.model import Document, DocumentKind, OrderBilling
from soms.catalog.rules import amount_faults
from soms.customers import store as customers
from soms.kit import ids, money
from soms.kit.access import Caller, Command
from soms.kit.problems import Invalid, NotFound, Unavailable
from soms.kit.writes import Writes, decide
from soms.orders import quantities, writing
from soms.orders import store as orders
from soms.orders.changing import taken
from soms.orders.model import Allowance, Order
from soms.orders.spreading import Looked
from soms.orders.writing import CREATED, Deed

ZERO = Decimal(0)


def credit(invoice_id: str, request: CreditRequest, caller: Caller, *, now: datetime) -> Document:
    """Issue a credit note for an invoice; what was paid of it above the rest is unapplied again.

    Raises AmountExceedsCreditable, BilledByNewerInvoice, Invalid where a line has fewer units, Unavailable
    while documents of an earlier change of the order are on their way.
    """

    def attempt() -> Document:
        invoice, _, owed = store.document(invoice_id)
        if invoice.kind is not DocumentKind.INVOICE or owed is None:
            raise NotFound
        before = orders.get(invoice.order_id)
        made = run.read([before], now=now)
        billing = made.billings[before.id]
        if billing.last_version != before.version:
            raise Unavailable
        made.lay_out(invoice_id)
        bill, after = _decided(before, billing, invoice, request)
        return _commit(made, before, after, bill, caller)

    return decide(attempt)


def _decided(
    order: Order, billing: OrderBilling, invoice: Document, request: CreditRequest
) -> tuple[Bill, Order]:
    """Return what is credited, and the order after it."""
    held = creditable.left(order, billing, invoice.id)
    kind = DocumentKind.CREDIT_NOTE
    if request.amount is not None:
        bill = Bill(kind, {}, invoice.id, _allowances(order, held, request.amount), request.reason)
        return bill, quantities.allowed_on(order, bill.allowances)
    most = creditable.most_units(held)
    if not most:
        raise creditable.exceeds(ZERO, None, order.currency)
    units = most if request.lines is None else taken(order, request.lines, most, "creditable")
    creditable.require_newest(held, units, _numbers(held))
    ranges = {line: (held[line].high - count, held[line].high) for line, count in units.items()}
    bill = Bill(kind, ranges, invoice.id, reason=request.reason)
    return bill, quantities.counted(order, "credited", units)


def _allowances(order: Order, held: dict[int, Left], wanted: Decimal) -> dict[int, Allowance]:
    if faults := amount_faults(wanted, order.currency, "/amount"):
        raise Invalid(*faults)
    amount = money.amount(wanted, order.currency)
    most = sum((one.gross for one in held.values()), ZERO)
    if amount > most:
        raise creditable.exceeds(most, amount, order.currency)
    found = creditable.allowances(held, amount, money.exponent(order.currency))
    if sum(len(line.allowances) for line in order.lines) + len(found) > creditable.MOST_ALLOWANCES:
        raise TooManyAllowances
    return found


def _numbers(held: dict[int, Left]) -> dict[str, str]:
    newer = {one.newer for one in held.values() if one.newer}
    return {name: run.open_item(name).number for name in sorted(newer)}


def _commit(made: run.Run, before: Order, after: Order, bill: Bill, caller: Caller) -> Document:
    """Write order, document, what is owed, money, account and journal in one transaction."""
    billing, customer = made.billings[before.id], made.customers[before.customer.id]
    name = f"{billing.seq + 1}/0"
    entry = ids.derived("evt", "credited", caller.command.entry or "", name)
    under = caller.under(Command(entry=entry, request=caller.command.request, route=caller.command.route))
    document = run.issue(made, before, bill, name, under)

    def more(_writes: Writes, order: Order) -> None:
        issuing.write_billing(made.writes, order, billing, [document], done=True)

    deed = Deed(
        "order.credited",
        reason=bill.reason,
        resource=("credit_note", document.id),
        status=CREATED,
        more=more,
        changes={"credit_note": [None, document.number]},
    )
    order = writing.write(made.writes, before, Looked(after), deed, caller, now=made.now)
    run.put(made)
    change = quantities.exposure(order) - quantities.exposure(before)
    owed = -made.desk.relief.get(customer.id, ZERO)
    customers.expose(made.writes, customer, change, owed=owed)
    made.writes.commit()
    return document
