"""From what was asked for to an order with prices, taxes and frozen discount shares."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import chain, count

from soms.catalog import prices
from soms.catalog.model import ListPrice, PriceList, Product, Settings, category_of
from soms.catalog.rules import component_faults, inactive_warehouse
from soms.customers.model import Account, Customer
from soms.inventory.model import StockItem
from soms.kit import money, tax
from soms.kit.fields import MOST_QUANTITY
from soms.kit.problems import Fault, Words
from soms.kit.tax import DiscountTooLarge, PricedDocument, PricedLine
from soms.orders import bundles
from soms.orders.model import Discount, Group, Line, Order, Sourcing
from soms.orders.requests import MOST_LINES, LineRequest, OrderRequest, Shipping

MOST_STOCK_ITEMS = 80
CHARGE = "SHIPPING"


@dataclass(frozen=True)
class Facts:
    """What an order is decided on, as it was read; `with_tax` is how an order there is has its prices."""

    customer: Customer
    account: Account | None
    products: Mapping[str, Product]
    settings: Settings
    warehouses: frozenset[str]
    inactive: frozenset[str] = frozenset()
    price_list: PriceList | None = None
    list_prices: Mapping[str, ListPrice] = field(default_factory=dict)
    with_tax: bool | None = None

    @property
    def includes_tax(self) -> bool:
        """Tell whether prices are with tax: as the order was placed, as its price list, or the company."""
        if self.with_tax is not None:
            return self.with_tax
        return self.price_list.includes_tax if self.price_list else self.settings.includes_tax


@dataclass(frozen=True)
class Wanted:
    """A line by the number it has or gets; `place` is where in the body it was asked for.

    `agreed` is the price where one was agreed before, which then holds; `numbers` are those that the
    components of a bundle have.
    """

    line: int
    ask: LineRequest | Shipping
    place: str
    agreed: prices.Chosen | None = None
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True)
class Basket:
    """Everything that is to be priced together; `numbered` is the highest line number given before."""

    wanted: tuple[Wanted, ...]
    discount: Discount | None = None
    numbered: int = 0

    @property
    def goods(self) -> list[tuple[Wanted, LineRequest]]:
        """Return the lines that are not charges."""
        return [(one, one.ask) for one in self.wanted if isinstance(one.ask, LineRequest)]


@dataclass(frozen=True)
class Priced:
    """An order's lines and sums."""

    lines: tuple[Line, ...]
    groups: tuple[Group, ...]
    sums: PricedDocument


def basket(request: OrderRequest) -> Basket:
    """Return what a request asks for, numbered from 1 in the order given, carriage last."""
    wanted = [Wanted(number, ask, f"/lines/{number - 1}") for number, ask in enumerate(request.lines, 1)]
    if request.shipping:
        wanted.append(Wanted(len(wanted) + 1, request.shipping, "/shipping"))
    return Basket(tuple(wanted), request.discount)


def again(order: Order, facts: Facts) -> Basket:
    """Return what an order asked for, to be priced anew; prices given by hand stay."""
    wanted = (
        Wanted(line.line, _asked(line, facts), f"/lines/{index}", numbers=numbers)
        for index, (line, numbers) in enumerate(bundles.folded(order.lines))
    )
    return Basket(tuple(wanted), order.discount_rule, order.numbered)


def _asked(line: Line, facts: Facts) -> LineRequest | Shipping:
    if line.charge:
        return Shipping(amount=line.unit_price, tax_rate=line.tax_rate)
    return LineRequest(
        sku=line.sku,
        quantity=line.quantity,
        unit_price=line.unit_price if line.price_source == "override" else None,
        discount=line.discount_rule,
        warehouse=line.site if names_warehouse(line, facts) else None,
        note=line.note,
    )


def faults(asked: Basket, facts: Facts, *, on: date, priced_by_hand: bool) -> list[Fault]:
    """Return everything that is wrong with what is asked for, each fault with its place."""
    found: list[Fault] = []
    chosen = _chosen(asked, facts, on)
    for wanted, _ in asked.goods:
        found += _line_faults(wanted, facts, chosen, priced_by_hand=priced_by_hand)
    currency = facts.customer.currency
    for place, discount in (("/discount", asked.discount), *_line_discounts(asked)):
        if discount and discount.amount is not None:
            found += _digits(discount.amount, currency, f"{place}/amount")
    for wanted in asked.wanted:
        if isinstance(wanted.ask, Shipping):
            found += _digits(wanted.ask.amount, currency, f"{wanted.place}/amount")
    if len(stock_items(asked, facts)) > MOST_STOCK_ITEMS:
        words = (
            f"at most {MOST_STOCK_ITEMS} different stocked SKUs and warehouses in one order",
            f"一张订单最多包含 {MOST_STOCK_ITEMS} 个不同的库存商品与仓库组合",
        )
        found.append(Fault("too_many_lines", words, "/lines", meta={"limit": MOST_STOCK_ITEMS}))
    return found + _too_many(asked, facts)


def _too_many(asked: Basket, facts: Facts) -> list[Fault]:
    products = [one for _, ask in asked.goods if (one := facts.products.get(ask.sku))]
    lines = sum(len(one.components or (one,)) for one in products)
    if lines <= MOST_LINES or lines == len(products):
        return []
    words = (
        f"with the components of its bundles it comes to more than {MOST_LINES} lines",
        f"组合商品展开后超过 {MOST_LINES} 行",
    )
    return [Fault("too_many_lines", words, "/lines", meta={"limit": MOST_LINES})]


def mismatch(currency: str, place: str) -> Fault:
    """Return the fault of another currency than the customer's."""
    words = (f"the customer's currency is {currency}", f"客户币种为 {currency}")
    return Fault("currency_mismatch", words, place, meta={"currency": currency})


def _line_discounts(asked: Basket) -> list[tuple[str, Discount | None]]:
    return [(f"{wanted.place}/discount", ask.discount) for wanted, ask in asked.goods]


def _line_faults(
    wanted: Wanted, facts: Facts, chosen: Mapping[str, prices.Chosen], *, priced_by_hand: bool
) -> list[Fault]:
    line, place = wanted.ask, wanted.place
    if isinstance(line, Shipping):
        return []
    product = facts.products.get(line.sku)
    if product is None:
        words: Words = (f"there is no product {line.sku}", f"没有商品 {line.sku}")
        return [Fault("unknown_sku", words, f"{place}/sku", meta={"sku": line.sku})]
    found = []
    if not product.active:
        words = (f"{line.sku} is no longer sold", f"商品 {line.sku} 已停售")
        found.append(Fault("inactive_sku", words, f"{place}/sku", meta={"sku": line.sku}))
    found += _bundle_faults(product, line.quantity, facts, place)
    currency = facts.customer.currency
    if wanted.agreed is None and line.unit_price is None and chosen[line.sku].currency != currency:
        found.append(mismatch(currency, f"{place}/sku"))
    if line.warehouse is not None and line.warehouse not in facts.warehouses:
        words = ("no such warehouse", "没有该仓库")
        found.append(Fault("unknown_warehouse", words, f"{place}/warehouse"))
    elif line.warehouse in facts.inactive:
        found.append(inactive_warehouse(line.warehouse, f"{place}/warehouse"))
    if line.unit_price is not None and not priced_by_hand:
        words = ("only a sales manager may give a price of one's own", "只有销售经理可以改价")
        found.append(Fault("forbidden", words, f"{place}/unit_price"))
    return found


def _bundle_faults(product: Product, quantity: int, facts: Facts, place: str) -> list[Fault]:
    """Return what stands against selling a bundle with the components as they are now."""
    found = []
    for one in product.components or ():
        part = facts.products.get(one.sku)
        found += component_faults(part, one.sku, product.currency, f"{place}/sku")
        if part and not part.active:
            words = (f"the component {one.sku} is no longer sold", f"组成商品 {one.sku} 已停售")
            found.append(Fault("inactive_sku", words, f"{place}/sku", meta={"sku": one.sku}))
        if quantity * one.quantity > MOST_QUANTITY:
            words = (f"at most {MOST_QUANTITY} of {one.sku}", f"{one.sku} 最多 {MOST_QUANTITY} 件")
            found.append(Fault("out_of_range", words, f"{place}/quantity", meta={"sku": one.sku}))
    return found


def _digits(value: Decimal, currency: str, place: str) -> list[Fault]:
    try:
        money.amount(value, currency)
    except ValueError as error:
        return [Fault("too_many_digits", (str(error), "金额位数超出货币允许范围"), place)]
    return []


def stock_items(asked: Basket, facts: Facts) -> set[StockItem]:
    """Return the stock items that the lines and the components of their bundles are taken from."""
    found = set[StockItem]()
    for _, ask in asked.goods:
        product = facts.products.get(ask.sku)
        skus = [one.sku for one in product.components or ()] if product else []
        if product and product.stocked:
            skus = [ask.sku]
        found |= {StockItem(sku=sku, warehouse=warehouse(ask, facts)) for sku in skus}
    return found


def warehouse(line: LineRequest, facts: Facts) -> str:
    """Return where a line is taken from: as it says, or else, until it is bound, the default warehouse."""
    return line.warehouse or facts.settings.default_warehouse


def names_warehouse(line: Line, facts: Facts) -> bool:
    """Tell whether it was said from where a line is to be taken, so that no rule decides it."""
    if line.sourcing is None:
        return line.site not in {None, facts.settings.default_warehouse}
    return line.sourcing.rule == "line"


def priced(asked: Basket, facts: Facts, *, on: date) -> Priced:
    """Price the lines by list, catalogue or hand, with discounts, carriage and taxes (domain, section 1).

    Raises Misfit, naming the place, where a discount or an amount is more than it may be.
    """
    chosen = _chosen(asked, facts, on)
    lines = [_priced_line(one, facts, chosen) for one in asked.wanted]
    discount = asked.discount
    try:
        sums = tax.price_document(
            lines,
            currency=facts.customer.currency,
            includes_tax=facts.includes_tax,
            order_percent=discount.percent if discount else None,
            order_amount=discount.amount if discount else None,
        )
    except DiscountTooLarge as error:
        place = "" if error.index is None else asked.wanted[error.index].place
        words = ("more than it is taken from", "折扣大于金额")
        raise Misfit(Fault("discount_too_large", words, f"{place}/discount")) from None
    except ValueError as error:
        raise Misfit(Fault("too_large", (str(error), "金额超出上限"), "/lines")) from None
    groups = tuple(
        Group(category=one.category, rate=one.rate, reason=one.reason, net=one.net, tax=one.tax)
        for one in sums.groups
    )
    made = [_line(one, amounts, facts, chosen) for one, amounts in zip(asked.wanted, sums.lines, strict=True)]
    return Priced(_with_components(asked, made, facts), groups, sums)


def _with_components(asked: Basket, made: Sequence[Line], facts: Facts) -> tuple[Line, ...]:
    """Return the lines with the first component of each bundle in its place and the others at the end."""
    lines, others = list[Line](), list[Line]()
    numbers = count(max((asked.numbered, *(one.line for one in asked.wanted))) + 1)
    for wanted, line in zip(asked.wanted, made, strict=True):
        ask = wanted.ask
        if isinstance(ask, LineRequest) and facts.products[ask.sku].components:
            first, *rest = _components(line, ask, facts, chain(wanted.numbers[1:], numbers))
            lines.append(first)
            others += rest
        else:
            lines.append(line)
    return (*lines, *others)


def _components(line: Line, ask: LineRequest, facts: Facts, numbers: Iterator[int]) -> tuple[Line, ...]:
    parts, weights = [], []
    for index, one in enumerate(facts.products[ask.sku].components or ()):
        product = facts.products[one.sku]
        goods = {"sku": one.sku, "name": product.name, "unit": product.unit}
        taken = {"quantity": line.quantity * one.quantity, "line": next(numbers) if index else line.line}
        parts.append(line.model_copy(update=goods | taken | _shelf(product, ask, facts)))
        weights.append(_worth(product, facts) * one.quantity)
    currency = facts.customer.currency
    return bundles.exploded(line, parts, weights, currency, includes_tax=facts.includes_tax)


def _worth(product: Product, facts: Facts) -> Decimal:
    if not facts.settings.includes_tax:
        return product.unit_price
    return prices.converted(product.unit_price, product.tax_rate, product.currency, with_tax=False)


def _shelf(product: Product, ask: LineRequest, facts: Facts) -> dict[str, object]:
    """Return what a line says of where its goods are taken from."""
    return {
        "warehouse": warehouse(ask, facts) if product.stocked else None,
        "shards": product.stock_shards if product.stocked else 1,
        "stocked": product.stocked,
        "sourcing": Sourcing(rule="line") if product.stocked and ask.warehouse else None,
    }


class Misfit(ValueError):
    """An amount does not fit; `fault` says where."""

    def __init__(self, fault: Fault) -> None:
        """Keep the fault for whoever refuses."""
        super().__init__(fault.code)
        self.fault = fault


def _chosen(asked: Basket, facts: Facts, on: date) -> dict[str, prices.Chosen]:
    """Choose the price of each SKU; its quantities on several lines count together for its tiers."""
    units: dict[str, int] = {}
    for _, ask in asked.goods:
        units[ask.sku] = units.get(ask.sku, 0) + ask.quantity
    return {
        sku: prices.choose(
            facts.products[sku],
            facts.price_list,
            facts.list_prices.get(sku),
            quantity=quantity,
            on=on,
            includes_tax=facts.includes_tax,
            catalogue_includes_tax=facts.settings.includes_tax,
        )
        for sku, quantity in units.items()
        if sku in facts.products
    }


def _priced_line(wanted: Wanted, facts: Facts, chosen: Mapping[str, prices.Chosen]) -> PricedLine:
    ask = wanted.ask
    if isinstance(ask, Shipping):
        category = category_of(ask.tax_rate, None)
        return PricedLine(
            unit_price=ask.amount, quantity=1, category=category, rate=ask.tax_rate, charge=True
        )
    product = facts.products[ask.sku]
    return PricedLine(
        unit_price=_price(wanted, chosen).unit_price if ask.unit_price is None else ask.unit_price,
        quantity=ask.quantity,
        discount_percent=ask.discount.percent if ask.discount else None,
        discount_amount=ask.discount.amount if ask.discount else None,
        category=product.tax_category,
        rate=product.tax_rate,
        reason=product.tax_reason,
    )


def _price(wanted: Wanted, chosen: Mapping[str, prices.Chosen]) -> prices.Chosen:
    ask = wanted.ask
    return wanted.agreed or chosen[ask.sku if isinstance(ask, LineRequest) else ""]


def _line(wanted: Wanted, amounts: tax.TaxedLine, facts: Facts, chosen: Mapping[str, prices.Chosen]) -> Line:
    ask = wanted.ask
    common = {
        "line": wanted.line,
        "discount": amounts.discount,
        "share": amounts.share,
        "net": amounts.net,
        "tax": amounts.tax,
        "gross": amounts.gross,
    }
    if isinstance(ask, Shipping):
        return Line.model_validate(
            common
            | {
                "sku": CHARGE,
                "name": "Shipping 运费",
                "quantity": 1,
                "charge": True,
                "stocked": False,
                "unit_price": ask.amount,
                "tax_rate": ask.tax_rate,
                "tax_category": category_of(ask.tax_rate, None),
                "price_source": "request",
            }
        )
    product, price = facts.products[ask.sku], _price(wanted, chosen)
    by_hand, currency = ask.unit_price is not None, facts.customer.currency
    return Line.model_validate(
        common
        | {
            "sku": ask.sku,
            "name": product.name,
            "quantity": ask.quantity,
            "unit": product.unit,
            "unit_price": ask.unit_price if by_hand else price.unit_price,
            "price_source": "override" if by_hand else price.source,
            "price_reason": None if by_hand else price.reason,
            "list_price": price.unit_price if by_hand and price.currency == currency else None,
            "discount_rule": ask.discount,
            "tax_rate": product.tax_rate,
            "tax_category": product.tax_category,
            "tax_reason": product.tax_reason,
            "note": ask.note,
        }
        | _shelf(product, ask, facts)
    )


def on_order(order: Order, asked: Basket, made: Priced) -> Order:
    """Return the order with its lines and sums as they were priced."""
    sums: Sequence[tuple[str, object]] = (
        ("lines", made.lines),
        ("tax_groups", made.groups),
        ("discount_rule", asked.discount),
        ("subtotal", made.sums.subtotal),
        ("discount", made.sums.discount),
        ("shipping", made.sums.charges),
        ("net", made.sums.net),
        ("tax", made.sums.tax),
        ("total", made.sums.total),
        ("numbered", max(order.numbered, *(one.line for one in made.lines))),
    )
    return order.model_copy(update=dict(sums))
