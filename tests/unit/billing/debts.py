"""What is owed and what was paid, to be put on a desk."""

from datetime import date
from decimal import Decimal

from soms.billing.cash.payment import Payment
from soms.billing.model import OpenItem

DAY = date(2026, 11, 23)


def owed(name: str, total: str, currency: str = "CNY", issued_on: date = DAY, due_on: date = DAY) -> OpenItem:
    amount = Decimal(total)
    nothing = Decimal(0).quantize(amount)
    return OpenItem(
        id=name,
        number=name,
        series="INV",
        order_id=f"ord_{name}",
        order_number="SO-1",
        customer_id="cus_1",
        customer_name="Acme",
        currency=currency,
        issued_on=issued_on,
        due_on=due_on,
        net=amount,
        tax=nothing,
        total=amount,
        credited=nothing,
        paid=nothing,
        written_off=nothing,
        open=amount,
    )


def paid(name: str, amount: str, currency: str = "CNY") -> Payment:
    value = Decimal(amount)
    return Payment(
        id=name,
        customer_id="cus_1",
        customer_name="Acme",
        home=currency == "CNY",
        currency=currency,
        method="cheque",
        reference=name,
        amount=value,
        refunded=Decimal(0).quantize(value),
        received_on=DAY,
        recorded_at="",
        recorded_by="",
        said="",
    )
