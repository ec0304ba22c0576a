"""Makes issued documents for tests, priced by the same rules as real ones."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from soms.billing.model import Document, DocumentKind, DocumentLine, Party, TaxGroup
from soms.kit.tax import PricedLine, price_document

SELLER = Party(
    name="上海远航贸易有限公司 Voyage Trading (Shanghai) Co., Ltd.",
    country="CN",
    tax_id="91310115MA1K3YJ12X",
    address=("浦东新区世纪大道 100 号", "环球金融中心 38 层"),
    city="上海",
    postal_code="200120",
    email="billing@voyage.example",
    phone="+86 21 5555 0100",
)
BUYER = Party(
    name="Nordlicht Handels GmbH",
    country="DE",
    tax_id="DE136695976",
    address=("Speicherstadt 12",),
    city="Hamburg",
    postal_code="20457",
    email="ap@nordlicht.example",
)


@dataclass(frozen=True, kw_only=True)
class Sold:
    """One line as a test says it."""

    price: str
    quantity: int = 1
    rate: str = "0.13"
    category: str = "S"
    reason: str | None = None
    discount: str = "0"
    name: str = "无线蓝牙耳机 Wireless headset"
    sku: str = "HEADSET-01"
    unit: str = "pcs"


def invoice(
    *sold: Sold,
    currency: str = "CNY",
    includes_tax: bool = False,
    order_percent: str | None = None,
    **fields: object,
) -> Document:
    """Return an invoice over these lines; other fields as given."""
    lines = sold or (Sold(price="199.00", quantity=3),)
    priced = price_document(
        [
            PricedLine(
                unit_price=Decimal(line.price),
                quantity=line.quantity,
                discount_amount=Decimal(line.discount),
                category=line.category,
                rate=Decimal(line.rate),
                reason=line.reason,
            )
            for line in lines
        ],
        currency=currency,
        includes_tax=includes_tax,
        order_percent=Decimal(order_percent) if order_percent else None,
    )
    document = Document(
        id="inv_01",
        kind=DocumentKind.INVOICE,
        series="INV-2026",
        number="INV-2026-000123",
        ordinal=123,
        order_id="ord_01",
        order_number="SO-20261123-7K3F9QHX",
        customer_id="cus_01",
        seller=SELLER,
        buyer=BUYER,
        currency=currency,
        includes_tax=includes_tax,
        issued_on=date(2026, 11, 23),
        due_on=date(2026, 12, 23),
        lines=tuple(
            DocumentLine(
                line=at,
                sku=line.sku,
                name=line.name,
                quantity=line.quantity,
                unit=line.unit,
                unit_price=Decimal(line.price),
                discount=sums.discount + sums.share,
                net=sums.net,
                tax_category=line.category,
                tax_rate=Decimal(line.rate),
                tax_reason=line.reason,
                tax=sums.tax,
                gross=sums.gross,
            )
            for at, (line, sums) in enumerate(zip(lines, priced.lines, strict=True), start=1)
        ),
        tax_groups=tuple(
            TaxGroup(category=one.category, rate=one.rate, reason=one.reason, net=one.net, tax=one.tax)
            for one in priced.groups
        ),
        net=priced.net,
        tax=priced.tax,
        total=priced.total,
        postings=(),
        payment_reference="RF18 5390 0754 7034",
        recorded_at=datetime(2026, 11, 23, 8, 30, tzinfo=UTC),
    )
    return document.model_copy(update=fields)


def allowance(*sold: Sold, **fields: object) -> Document:
    """Return a credit note of nothing but allowances on prices, as much as these lines come to."""
    made = credit_note(*sold, **fields)
    lines = tuple(
        one.model_copy(update={"quantity": 0, "unit_price": one.net, "discount": Decimal(0)})
        for one in made.lines
    )
    return made.model_copy(update={"lines": lines})


def credit_note(*sold: Sold, **fields: object) -> Document:
    """Return a credit note that refers to an invoice; other fields as given."""
    return invoice(*sold).model_copy(
        update={
            "id": "crn_01",
            "kind": DocumentKind.CREDIT_NOTE,
            "series": "CN-2026",
            "number": "CN-2026-000007",
            "ordinal": 7,
            "invoice_id": "inv_01",
            "invoice_number": "INV-2026-000123",
            "reason": "两件到货时已损坏 · Two pieces arrived damaged",
            "payment_reference": None,
            **fields,
        }
    )
