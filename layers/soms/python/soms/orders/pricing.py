"""From what was asked for to an order with prices, taxes and frozen discount shares."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from soms.catalog.model import Product, Settings, category_of
from soms.customers.model import Customer
from soms.inventory.model import StockItem
from soms.kit import money, tax
from soms.kit.problems import Fault, Words
from soms.kit.tax import PricedDocument, PricedLine
from soms.orders.model import Discount, Group, Line, LineRequest, OrderRequest

MOST_STOCK_ITEMS = 80


@dataclass(frozen=True)
class Facts:
    """What an order is decided on, as it was read."""

    customer: Customer
    products: Mapping[str, Product]
    settings: Settings
    warehouses: frozenset[str]


@dataclass(frozen=True)
class Priced:
    """An order's lines and sums."""

    lines: tuple[Line, ...]
    groups: tuple[Group, ...]
    sums: PricedDocument


def faults(request: OrderRequest, facts: Facts) -> list[Fault]:
    """Return everything that is wrong with the request, each fault with its place."""
    found: list[Fault] = []
    currency = facts.customer.currency
    if request.currency not in {None, currency}:
        found.append(_mismatch(currency, "/currency"))
    for index, line in enumerate(request.lines):
        found += _line_faults(line, facts, f"/lines/{index}")
    for field, discount in (("/discount", request.discount), *_line_discounts(request)):
        if discount and discount.amount is not None:
            found += _digits(discount.amount, currency, f"{field}/amount")
    if request.shipping:
        found += _digits(request.shipping.amount, currency, "/shipping/amount")
    if len(stock_items(request.lines, facts)) > MOST_STOCK_ITEMS:
        words = (
            f"at most {MOST_STOCK_ITEMS} different stocked SKUs and warehouses in one order",
            f"一张订单最多包含 {MOST_STOCK_ITEMS} 个不同的库存商品与仓库组合",
        )
        found.append(Fault("too_many_lines", words, "/lines", meta={"limit": MOST_STOCK_ITEMS}))
    return found


def _line_discounts(request: OrderRequest) -> list[tuple[str, Discount | None]]:
    return [(f"/lines/{index}/discount", line.discount) for index, line in enumerate(request.lines)]


def _line_faults(line: LineRequest, facts: Facts, place: str) -> list[Fault]:
    product = facts.products.get(line.sku)
    if product is None:
        words: Words = (f"there is no product {line.sku}", f"没有商品 {line.sku}")
        return [Fault("unknown_sku", words, f"{place}/sku", meta={"sku": line.sku})]
    found = []
    if not product.active:
        words = (f"{line.sku} is no longer sold", f"商品 {line.sku} 已停售")
        found.append(Fault("inactive_sku", words, f"{place}/sku", meta={"sku": line.sku}))
    if product.currency != facts.customer.currency and line.unit_price is None:
        found.append(_mismatch(facts.customer.currency, f"{place}/sku"))
    if line.warehouse is not None and line.warehouse not in facts.warehouses:
        words = ("no such warehouse", "没有该仓库")
        found.append(Fault("unknown_warehouse", words, f"{place}/warehouse"))
    return found


def _mismatch(currency: str, place: str) -> Fault:
    words = (f"the customer's currency is {currency}", f"客户币种为 {currency}")
    return Fault("currency_mismatch", words, place, meta={"currency": currency})


def _digits(value: Decimal, currency: str, place: str) -> list[Fault]:
    try:
        money.amount(value, currency)
    except ValueError as error:
        return [Fault("too_many_digits", (str(error), "金额位数超出货币允许范围"), place)]
    return []


def stock_items(lines: Sequence[LineRequest], facts: Facts) -> dict[StockItem, list[tuple[int, LineRequest]]]:
    """Return what the lines need of each stock item, so that one SKU on several lines is checked as one."""
    needed: dict[StockItem, list[tuple[int, LineRequest]]] = {}
    for index, line in enumerate(lines):
        product = facts.products.get(line.sku)
        if product and product.stocked:
            item = StockItem(sku=line.sku, warehouse=warehouse(line, facts))
            needed.setdefault(item, []).append((index, line))
    return needed


def warehouse(line: LineRequest, facts: Facts) -> str:
    """Return where a line is taken from: as it says, or the company's default warehouse."""
    return line.warehouse or facts.settings.default_warehouse


def priced(request: OrderRequest, facts: Facts) -> Priced:
    """Price the lines by catalogue or by hand, with discounts, carriage and taxes (domain, section 1)."""
    pricing = [_priced_line(line, facts) for line in request.lines]
    if request.shipping:
        rate = request.shipping.tax_rate
        pricing.append(
            PricedLine(
                unit_price=request.shipping.amount,
                quantity=1,
                category=category_of(rate, None),
                rate=rate,
                charge=True,
            )
        )
    discount = request.discount
    sums = tax.price_document(
        pricing,
        currency=facts.customer.currency,
        includes_tax=facts.settings.includes_tax,
        order_percent=discount.percent if discount else None,
        order_amount=discount.amount if discount else None,
    )
    lines = tuple(_line(number, request, facts, sums) for number in range(len(pricing)))
    groups = tuple(
        Group(category=one.category, rate=one.rate, reason=one.reason, net=one.net, tax=one.tax)
        for one in sums.groups
    )
    return Priced(lines, groups, sums)


def _priced_line(line: LineRequest, facts: Facts) -> PricedLine:
    product = facts.products[line.sku]
    return PricedLine(
        unit_price=product.unit_price if line.unit_price is None else line.unit_price,
        quantity=line.quantity,
        discount_percent=line.discount.percent if line.discount else None,
        discount_amount=line.discount.amount if line.discount else None,
        category=product.tax_category,
        rate=product.tax_rate,
        reason=product.tax_reason,
    )


def _line(index: int, request: OrderRequest, facts: Facts, sums: PricedDocument) -> Line:
    amounts = sums.lines[index]
    common = {
        "line": index + 1,
        "discount": amounts.discount,
        "share": amounts.share,
        "net": amounts.net,
        "tax": amounts.tax,
        "gross": amounts.gross,
    }
    if index == len(request.lines):
        shipping = request.shipping
        rate = shipping.tax_rate if shipping else Decimal(0)
        return Line.model_validate(
            common
            | {
                "sku": "SHIPPING",
                "name": "Shipping 运费",
                "quantity": 1,
                "charge": True,
                "stocked": False,
                "unit_price": shipping.amount if shipping else Decimal(0),
                "tax_rate": rate,
                "tax_category": category_of(rate, None),
                "price_source": "request",
            }
        )
    line = request.lines[index]
    product = facts.products[line.sku]
    return Line.model_validate(
        common
        | {
            "sku": line.sku,
            "name": product.name,
            "quantity": line.quantity,
            "unit": product.unit,
            "unit_price": product.unit_price if line.unit_price is None else line.unit_price,
            "price_source": "catalog" if line.unit_price is None else "override",
            "tax_rate": product.tax_rate,
            "tax_category": product.tax_category,
            "tax_reason": product.tax_reason,
            "warehouse": warehouse(line, facts) if product.stocked else None,
            "stocked": product.stocked,
            "reserved": line.quantity if product.stocked else 0,
            "note": line.note,
        }
    )
