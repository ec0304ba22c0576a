"""What orders are decided on, read in as few round trips as there are kinds of it."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, datetime

from soms.catalog import store as catalog
from soms.catalog.commands import expected, zone
from soms.customers import store as customers
from soms.customers.model import Account, Customer
from soms.kit import aws, items
from soms.kit.access import Caller
from soms.kit.fields import Reference
from soms.kit.problems import Fault, Invalid, NotFound
from soms.orders import store
from soms.orders.model import Order
from soms.orders.pricing import Facts


def facts(
    customer_id: str,
    skus: Iterable[str],
    warehouses: Iterable[str | None],
    buyer: Callable[[items.Item | None], Customer],
) -> Facts:
    """Read all that an order is decided on in one batch, and in another the prices of the customer's list.

    `buyer` says whom what lies at the customer's key stands for, or raises where that is nobody.
    """
    wanted, said = sorted(set(skus)), sorted({one for one in warehouses if one})
    keys = [
        catalog.SETTINGS,
        customers.key(customer_id or "none"),
        customers.account_key(customer_id or "none"),
        *(catalog.warehouse_key(one) for one in said),
        *(catalog.product_key(sku) for sku in wanted),
    ]
    held = aws.get_many(keys)
    customer = buyer(held[1])
    account = held[2]
    if customer.id != customer_id:
        # A reference has led on to the customer that this one was merged into.
        account = aws.get(*customers.account_key(customer.id))
    sites, rows = held[3 : 3 + len(said)], held[3 + len(said) :]
    products = [catalog.product(item) for item in rows]
    places = [catalog.warehouse_of(one, item) for one, item in zip(said, sites, strict=True)]
    made = Facts(
        customer=customer,
        account=Account.model_validate(account) if account else None,
        products={one.sku: one for one in products if one},
        settings=catalog.settings_of(held[0]),
        warehouses=frozenset(one.id for one in places if one),
        inactive=frozenset(one.id for one in places if one and not one.active),
    )
    made = _with_list_prices(made) if customer.price_list else made
    return _with_components(made)


def _with_list_prices(made: Facts) -> Facts:
    name = made.customer.price_list or ""
    held = aws.get_many(
        [catalog.price_list_key(name), *(catalog.price_key(name, sku) for sku in made.products)]
    )
    found = (catalog.list_price(item) for item in held[1:])
    prices = {one.sku: one for one in found if one}
    return replace(made, price_list=catalog.price_list(held[0]), list_prices=prices)


def _with_components(made: Facts) -> Facts:
    parts = {part.sku for one in made.products.values() for part in one.components or ()}
    unread = sorted(parts - made.products.keys())
    if not unread:
        return made
    return replace(made, products={**made.products, **catalog.find_products(unread)})


def facts_of(order: Order, skus: Iterable[str], warehouses: Iterable[str | None] = ()) -> Facts:
    """Read all that a change of an order is decided on, or raise NotFound without its customer."""
    held = [line.site for line in order.lines]
    found = facts(order.customer.id, skus, [*held, *warehouses], _known)
    return replace(found, with_tax=order.includes_tax)


def customer_id(said: str | None, reference: Reference | None) -> str:
    """Return the id of the customer that an order names by id or by reference."""
    return customers.id_of_reference(reference.source, reference.id) if reference else said or ""


def order(order_id: str, caller: Caller) -> Order:
    """Return an order to be changed, in the version the caller decided on if one was said."""
    found = store.get(order_id)
    caller.require_sight(found.salesperson)
    expected(caller, found.version)
    return found


def _known(item: items.Item | None) -> Customer:
    found = customers.customer(item)
    if found is None:
        raise NotFound
    return found


def buyer(order: Order) -> Customer:
    """Return the customer of an order, or raise NotFound."""
    found = customers.find(order.customer.id)
    if found is None:
        raise NotFound
    return found


def day(made: Facts, now: datetime) -> date:
    """Return the company's day of an instant."""
    return now.astimezone(zone(made.settings)).date()


def refuse(*faults: Fault) -> None:
    """Raise Invalid if there is anything wrong."""
    if faults:
        raise Invalid(*faults)
