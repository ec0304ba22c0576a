"""Papers about orders: what was agreed (order confirmation) and what left the warehouse (delivery note)."""

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from soms.billing.model import DocumentLine, Frozen, TaxGroup
from soms.billing.paper import printed, sold
from soms.billing.paper.printed import Content, Head, Label, Paper, PaperKind, made, row, table
from soms.customers.model import PaymentTerms
from soms.kit import money
from soms.orders.model import Line, Order, Shipment


class _Agreed(Frozen):
    """What of an order is in force, in the form in which documents print it."""

    currency: str
    includes_tax: bool
    lines: tuple[DocumentLine, ...]
    tax_groups: tuple[TaxGroup, ...]
    net: Decimal
    tax: Decimal
    total: Decimal


def order_confirmation(head: Head, order: Order, terms: PaymentTerms, zone: ZoneInfo) -> Paper:
    """Return the confirmation of what of an order is in force, with prices and taxes as they were frozen."""
    agreed = _agreed(order)
    content = Content(
        title=Label("订单确认书", "Order confirmation"),
        facts=printed.said(
            row("订单号", "Order no.", order.number, important=True),
            row("订单日期", "Order date", _day(order.placed_at, zone)),
            row("要求交期", "Requested for", str(order.requested_on or "")),
            row("付款条件", "Payment terms", str(_terms(terms))),
            row("币种", "Currency", order.currency),
        ),
        opening=(
            Label("感谢贵司订购，现确认订单如下。", "Thank you for your order, which we confirm as follows."),
        ),
        table=sold.lines(agreed),
        aside=sold.taxes(agreed),
        totals=sold.sums(agreed, Label("价税合计", "Total")),
        total=money.text(order.total, order.currency),
        in_words=printed.in_words(order.total, order.currency),
        signatures=(
            Label("卖方（签章）", "For the seller"),
            Label("买方（签章）", "For the customer"),
        ),
    )
    return made(PaperKind.ORDER_CONFIRMATION, head, content, order_id=order.id)


def delivery_note(head: Head, order: Order, shipment: Shipment, zone: ZoneInfo) -> Paper:
    """Return the note that goes with a shipment: what and how much of it, and no prices."""
    sent = [(line, one.quantity) for one in shipment.lines if (line := order.line(one.line))]
    content = Content(
        title=Label("送货单", "Delivery note"),
        facts=printed.said(
            row("订单号", "Order no.", order.number, important=True),
            row("发货批次", "Shipment", str(shipment.ordinal)),
            row("发货日期", "Shipped on", _day(shipment.shipped_at, zone), important=True),
            row("承运人", "Carrier", shipment.carrier),
            row("运单号", "Tracking no.", shipment.tracking),
        ),
        table=table(
            sold.of_goods(),
            ([str(line.line), _name(line), f"{quantity:,}", line.unit] for line, quantity in sent),
            (line.sku for line, _ in sent),
        ),
        totals=(row("总数量", "Total quantity", f"{sum(units for _, units in sent):,}", important=True),),
        closing=(
            Label(
                "请当面点清；如有短缺或破损，请在签收时注明。",
                "Please check the goods on receipt, and note here what is missing or damaged.",
            ),
        ),
        signatures=(
            Label("发货人", "Handed over by"),
            Label("收货人（签章）", "Received by"),
            Label("收货日期", "Received on"),
        ),
    )
    return made(PaperKind.DELIVERY_NOTE, head, content, order_id=order.id, shipment_id=shipment.id)


def _agreed(order: Order) -> _Agreed:
    return _Agreed(
        currency=order.currency,
        includes_tax=order.includes_tax,
        lines=tuple(_line(line) for line in order.lines if line.in_force),
        tax_groups=tuple(TaxGroup.model_validate(dict(group)) for group in order.tax_groups),
        net=order.net,
        tax=order.tax,
        total=order.total,
    )


def _line(line: Line) -> DocumentLine:
    return DocumentLine(
        line=line.line,
        sku=line.sku,
        name=_name(line),
        quantity=line.in_force,
        unit=line.unit,
        unit_price=line.unit_price,
        discount=line.discount + line.share,
        net=line.net,
        tax_category=line.tax_category,
        tax_rate=line.tax_rate,
        tax_reason=line.tax_reason,
        tax=line.tax,
        gross=line.gross,
    )


def _name(line: Line) -> str:
    return f"{line.bundle.name} – {line.name}" if line.bundle else line.name


def _day(stamp: str, zone: ZoneInfo) -> str:
    """Return the company's day of an instant."""
    return date.isoformat(datetime.fromisoformat(stamp).astimezone(zone).date())


def _terms(terms: PaymentTerms) -> Label:
    days = terms.days
    words = {
        "net": Label(f"开票后 {days} 天内付清", f"net {days} days"),
        "end_of_month": Label(f"月结 {days} 天", f"end of month + {days} days"),
        "fixed_day": Label(f"次月 {max(days, 1)} 日付清", f"on day {max(days, 1)} of the next month"),
        "prepaid": Label("款到发货", "prepaid"),
    }
    return words[terms.kind]
