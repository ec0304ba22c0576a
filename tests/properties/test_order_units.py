"""Orders keep their identities whatever is amended, cancelled, shipped, returned and billed, in any order."""

import os
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from soms.billing.documents import invoicing
from soms.billing.model import DocumentKind, OrderBilling, Series
from soms.catalog.model import Product, Settings
from soms.customers.model import Customer
from soms.orders import amending, pricing, quantities
from soms.orders.model import Buyer, Discount, Order
from soms.orders.pricing import Basket, Facts, Wanted
from soms.orders.requests import AmendRequest, LineRequest, Shipping

DAY = date(2026, 3, 2)
ZERO = Decimal(0)
CASES = 20_000 if os.environ.get("SOMS_LONG") == "1" else 1_000
KINDS = ("more", "less", "reprice", "discount", "add", "cancel", "ship", "return", "bill", "bill")
PRICES = {
    "CNY": ("10.00", "33.333333", "0.01"),
    "JPY": ("333.333333", "1", "7.5"),
    "KWD": ("1.2345", "0.0005"),
}
RATES = ("0.13", "0.06", "0")

discounts = st.sampled_from([None, None, {"percent": "3.33"}, {"percent": "50"}])
moves = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(0, 6), st.integers(1, 9), discounts), max_size=14
)


@dataclass
class Books:
    """What was billed of an order, and what each invoice still has."""

    order: Order
    facts: Facts
    billing: OrderBilling
    left: dict[str, Decimal] = field(default_factory=dict)
    billed: Decimal = ZERO
    documents: int = 0

    def bill(self) -> None:
        before, made = self.billing, []
        for number, bill in enumerate(invoicing.bills(self.order, before)):
            document = invoicing.issue(
                self.order,
                bill,
                Series(id=f"X-{DAY.year}", last=self.documents),
                name=f"{before.seq + 1}/{number}",
                settings=self.facts.settings,
                customer=self.facts.customer,
                day=DAY,
                recorded_at=datetime(2026, 3, 2, tzinfo=UTC),
            ).model_copy(update={"invoice_id": bill.invoice})
            self.documents += 1
            made.append(document)
            if document.kind is DocumentKind.INVOICE:
                self.left[document.id] = document.total
                self.billed += document.total
            else:
                self.left[bill.invoice or ""] -= document.total
                self.billed -= document.total
                assert self.left[bill.invoice or ""] >= 0
            assert all(line.quantity > 0 for line in document.lines)
        new = tuple(one.id for one in made if one.kind is DocumentKind.INVOICE)
        held = invoicing.billed_after(before, made)
        self.billing = OrderBilling(
            order_id=self.order.id, seq=before.seq + 1, held=held, invoices=before.invoices + new
        )


@st.composite
def books(draw: st.DrawFn) -> Books:
    """Return a confirmed order of some lines, carriage and discounts, of which nothing is billed."""
    currency = draw(st.sampled_from(sorted(PRICES)))
    products = {
        f"P{number}": Product(
            sku=f"P{number}",
            name="thing",
            unit_price=Decimal(price),
            currency=currency,
            tax_rate=Decimal(rate),
            tax_category="S" if Decimal(rate) else "Z",
            stocked=number != 1,
        )
        for number, (price, rate) in enumerate(zip(PRICES[currency], RATES, strict=False))
    }
    facts = Facts(
        customer=Customer(id="cus_1", name="Acme", currency=currency),
        account=None,
        products=products,
        settings=Settings(),
        warehouses=frozenset({"main"}),
        with_tax=draw(st.booleans()),
    )
    lines = draw(
        st.lists(
            st.tuples(st.sampled_from(sorted(products)), st.integers(1, 9), discounts), min_size=1, max_size=3
        )
    )
    wanted = [
        Wanted(number, LineRequest.model_validate({"sku": sku, "quantity": units, "discount": less}), "")
        for number, (sku, units, less) in enumerate(lines, 1)
    ]
    if draw(st.booleans()):
        carriage = Shipping(amount=Decimal(5), tax_rate=Decimal("0.06"))
        wanted.append(Wanted(len(wanted) + 1, carriage, "/shipping"))
    said = draw(discounts)
    basket = Basket(tuple(wanted), Discount.model_validate(said) if said else None)
    order = pricing.on_order(
        blank(facts, draw(st.sampled_from(["on_order", "on_shipment"]))), basket, priced(basket, facts)
    )
    return Books(quantities.derived(quantities.reserved(order)), facts, OrderBilling(order_id=order.id))


def blank(facts: Facts, policy: str) -> Order:
    return Order(
        id="ord_1",
        number="SO-1",
        currency=facts.customer.currency,
        includes_tax=facts.includes_tax,
        customer=Buyer(id="cus_1", name="Acme"),
        lines=(),
        tax_groups=(),
        subtotal=ZERO,
        net=ZERO,
        tax=ZERO,
        total=ZERO,
        invoice_policy=policy,
        placed_at="2026-03-02T00:00:00.000000Z",
        created_by="sam",
    )


def priced(basket: Basket, facts: Facts) -> pricing.Priced:
    return pricing.priced(basket, facts, on=DAY)


def moved(held: Books, kind: str, place: int, units: int, said: dict[str, str] | None) -> Order:
    """Return the order after one thing was done to it, if it can be done."""
    order = held.order
    goods = [line for line in order.lines if not line.charge and line.in_force]
    if not goods:
        return order
    line = goods[place % len(goods)]
    change: dict[str, object] = {"line": line.line}
    if kind == "more":
        return amend(held, {"lines": [change | {"quantity": line.in_force + units}]})
    if kind == "less":
        return amend(held, {"lines": [change | {"quantity": max(line.in_force - units, line.shipped)}]})
    if kind == "reprice":
        return amend(held, {"lines": [change | {"unit_price": str(units), "discount": said}]})
    if kind == "discount":
        return amend(held, {"discount": said})
    if kind == "add":
        new = {"sku": sorted(held.facts.products)[place % len(held.facts.products)], "quantity": units}
        return amend(held, {"lines": [new]})
    if kind == "cancel":
        return quantities.without(order, {line.line: min(units, line.open)})
    if kind == "ship":
        return quantities.shipped(order, {line.line: min(units, quantities.shippable(line))})
    if kind == "return":
        back = {line.line: min(units, quantities.returnable(line))}
        return quantities.counted(quantities.counted(order, "returned", back), "return_credited", back)
    held.bill()
    return order


def amend(held: Books, body: dict[str, object]) -> Order:
    request = AmendRequest.model_validate(body)
    return amending.confirmed(held.order, request, held.facts, on=DAY, by_hand=True)


@settings(max_examples=CASES, derandomize=True, deadline=None)
@given(books(), moves)
def test_what_is_billed_is_what_is_owed_whatever_happened_in_between(
    held: Books, steps: list[tuple[str, int, int, dict[str, str] | None]]
) -> None:
    for step in steps:
        held.order = moved(held, *step)

        quantities.check(held.order)
        assert quantities.exposure(held.order) == sum(
            quantities.value(line, quantities.in_full(line)) for line in held.order.lines
        )
    held.bill()

    targets = {line.line: quantities.target(line, held.order.invoice_policy) for line in held.order.lines}
    assert held.billed == sum(quantities.value(line, targets[line.line]) for line in held.order.lines)
    assert {line: held.billing.billed(line) for line in targets} == targets
    if held.order.invoice_policy == "on_order":
        assert held.billed == quantities.exposure(held.order)
    assert sum(held.left.values()) == held.billed


@settings(max_examples=CASES, derandomize=True, deadline=None)
@given(books(), moves)
def test_when_everything_is_cancelled_and_credited_nothing_is_left_of_any_invoice(
    held: Books, steps: list[tuple[str, int, int, dict[str, str] | None]]
) -> None:
    for step in steps:
        held.order = moved(held, *step)
    held.bill()

    rest = {line.line: line.open for line in held.order.lines}
    over = quantities.without(held.order, rest)
    back = {line.line: quantities.returnable(line) for line in over.lines}
    held.order = quantities.counted(quantities.counted(over, "returned", back), "return_credited", back)
    held.bill()

    assert (held.billed, quantities.exposure(held.order)) == (0, 0)
    assert set(held.left.values()) <= {ZERO}


@settings(max_examples=CASES, derandomize=True, deadline=None)
@given(books(), moves, st.data())
def test_the_parts_of_a_line_make_the_whole_in_whatever_portions(
    held: Books, steps: list[tuple[str, int, int, dict[str, str] | None]], data: st.DataObject
) -> None:
    for step in steps:
        held.order = moved(held, *step)

    for line in held.order.lines:
        done, given_out = 0, ZERO
        while done < line.quantity:
            units = data.draw(st.integers(1, line.quantity - done))
            upper, lower = quantities.worth_of(line, done + units), quantities.worth_of(line, done)
            given_out += upper.net + upper.tax - lower.net - lower.tax
            done += units
        assert given_out == sum(part.net + part.tax for part in quantities.agreed(line))
