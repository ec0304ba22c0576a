"""Payments, invoices and what is owed on them as clients see them."""

from decimal import Decimal

from soms.billing.cash.credit_use import CreditUse
from soms.billing.cash.payment import Payment
from soms.billing.cash.refund import Refund
from soms.billing.cash.write_off import WriteOff
from soms.billing.documents.instalments import uncovered
from soms.billing.model import OpenItem
from soms.kit import clock, money

OWED = ("net", "tax", "total", "credited", "paid", "written_off", "open")
INNER = {"salesperson", "seq", "allocations", "freed_from", "instalments"}
HIDDEN = {"seq", "said", "home", "allocations", "principal", "freed_orders"}


def owed(item: OpenItem) -> dict[str, object]:
    """Return what is owed on an invoice, with how it was settled so far."""
    amounts = {name: money.text(getattr(item, name), item.currency) for name in OWED}
    settled = [
        {
            "kind": one.kind,
            "source": one.source,
            "amount": money.text(one.amount, item.currency),
        }
        for one in item.allocations
    ]
    shown = item.model_dump(mode="json", exclude=INNER)
    return shown | amounts | {"status": item.status, "allocations": settled} | _plan(item)


def _plan(item: OpenItem) -> dict[str, object]:
    """Return the instalments with what is open of each, where there are any."""
    left = dict(uncovered(item.instalments, item.total - item.open))
    plan = [
        {
            "due_on": str(one.due_on),
            "amount": money.text(one.amount, item.currency),
            "open": money.text(left.get(one.due_on, Decimal(0)), item.currency),
        }
        for one in item.instalments
    ]
    return {"instalments": plan} if plan else {}


def write_off(one: WriteOff) -> dict[str, object]:
    """Return what was given up of an invoice, and how much of that still holds."""
    item, voucher = one.item, one.voucher
    return {
        "id": voucher.id,
        "status": one.status,
        "invoice_id": item.id,
        "number": item.number,
        "customer_id": item.customer_id,
        "currency": item.currency,
        "amount": money.text(voucher.amount, item.currency),
        "held": money.text(one.held, item.currency),
        "invoice_open": money.text(item.open, item.currency),
        "reason": voucher.reason,
        "note": voucher.note,
        "posted_on": str(voucher.posted_on),
        "recorded_at": clock.stamp(voucher.recorded_at),
        "recorded_by": voucher.recorded_by,
    }


def _credit_use(one: CreditUse) -> dict[str, object]:
    nothing = money.text(Decimal(0), one.currency)
    told = dict[str, Decimal]()
    for each in one.sources:
        told[each.invoice_id] = told.get(each.invoice_id, Decimal(0)) + each.amount
    numbers = {each.invoice_id: each.number for each in one.sources}
    texts = {name: money.text(amount, one.currency) for name, amount in told.items()}
    return one.model_dump(mode="json", exclude=HIDDEN) | {
        "amount": money.text(one.amount, one.currency),
        **dict.fromkeys(("unapplied", "refundable", "refunded"), nothing),
        "status": "applied",
        "allocations": [
            {"invoice_id": name, "number": numbers[name], "amount": text, "invoice_amount": text}
            for name, text in texts.items()
        ],
        "sources": [
            each.model_dump(mode="json") | {"amount": money.text(each.amount, one.currency)}
            for each in one.sources
        ],
    }


def payment(one: Payment | CreditUse) -> dict[str, object]:
    """Return a payment with what is left of it and what it settles."""
    if isinstance(one, CreditUse):
        return _credit_use(one)
    left = money.text(one.unapplied, one.currency)
    return one.model_dump(mode="json", exclude=HIDDEN) | {
        "amount": money.text(one.amount, one.currency),
        "unapplied": left,
        "refundable": left,
        "refunded": money.text(one.refunded, one.currency),
        "allocations": [
            {
                "invoice_id": each.invoice_id,
                "number": each.number,
                "amount": money.text(each.amount, one.currency),
                "invoice_amount": str(each.settled),
            }
            for each in one.allocations
        ],
    }


def refund(one: Refund) -> dict[str, object]:
    """Return a refund with what each payment gives of it; that of one payment names it."""
    whole = one.model_dump(mode="json", exclude=HIDDEN)
    first = one.parts[0].payment_id if len(one.parts) == 1 else None
    parts = [
        each.model_dump(mode="json") | {"amount": money.text(each.amount, one.currency)}
        for each in one.parts
    ]
    return whole | {"payment_id": first, "amount": money.text(one.amount, one.currency), "parts": parts}
