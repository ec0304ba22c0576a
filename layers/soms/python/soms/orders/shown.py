"""Orders, shipments and returns as clients see them: amounts in digits, prices only for those who may."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from soms.kit import items, journal, money
from soms.kit.access import FINANCE, MANAGERS, Caller
from soms.kit.problems import in_language
from soms.orders import lifecycle, returning, sourcing, store
from soms.orders.changing import Preview
from soms.orders.model import Asked, Bundle, Line, Order, Return, Waiting

PRICES = frozenset(
    {
        *("subtotal", "discount", "discount_rule", "shipping", "net", "tax", "total"),
        *("invoiced", "paid", "written_off", "refunded", "tax_groups"),
    }
)
LINE_PRICES = frozenset(
    {
        *("unit_price", "price_source", "price_reason", "list_price", "discount_rule"),
        *("discount", "share", "net", "tax", "gross"),
    }
)
INNER = frozenset(
    {"said", "entry", "stamp", "shipments", "returns", "approvals", "numbered", "creator", "waiting"}
)
INNER_LINE = frozenset({"parts", "return_credited", "queued_at", "shards", "allowances"})
NOT_IN_ROWS = frozenset(
    {
        *("lines", "tax_groups", "subtotal", "discount", "discount_rule", "shipping", "includes_tax"),
        *("requested_on", "note", "invoice_policy", "quote_version", "exchange_of"),
        *("written_off", "refunded"),
    }
)
ONLY_REAL = frozenset({"id", "number", "version", "settled", "allowed", "placed_at"})
LINE_AMOUNTS = ("discount", "share", "net", "tax", "gross")
MARGIN_VIEWERS = MANAGERS | FINANCE


def order(
    order: Order, caller: Caller, now: datetime, expected: Mapping[int, date | None] | None = None
) -> dict[str, object]:
    """Return a whole order, where it is known with the days on which what it waits for is expected."""
    shown = _summary(order, caller)
    days = expected or {}
    shown["lines"] = [
        line_of(line, order, caller) | ({"expected_on": days[line.line]} if line.line in days else {})
        for line in order.lines
    ]
    waiting = order.waiting
    if waiting and not caller.sees_no_prices():
        shown["waiting"] = _waiting(waiting, caller)
    return shown | {"allowed": lifecycle.allowed(order, now)}


def imagined(order_: Order, caller: Caller, now: datetime) -> dict[str, object]:
    """Return an order that does not exist: as it would be, without what only an order has that does."""
    return {name: value for name, value in order(order_, caller, now).items() if name not in ONLY_REAL}


def row(item: items.Item, caller: Caller) -> dict[str, object]:
    """Return an order as its index row tells it, without lines."""
    held = Order.model_validate({"lines": (), "tax_groups": (), "subtotal": 0, **item})
    return {name: value for name, value in _summary(held, caller).items() if name not in NOT_IN_ROWS}


def _summary(order: Order, caller: Caller) -> dict[str, object]:
    hidden = INNER | (PRICES if caller.sees_no_prices() else frozenset())
    shown = order.model_dump(mode="json", exclude=set(hidden))
    for name in store.AMOUNTS:
        if name in shown:
            shown[name] = money.text(getattr(order, name), order.currency)
    return shown


def line_of(line: Line, order: Order, caller: Caller) -> dict[str, object]:
    """Return one line; what was credited by hand and by returns is one figure."""
    omitted = INNER_LINE | (LINE_PRICES if caller.sees_no_prices() else frozenset())
    shown = line.model_dump(mode="json", exclude=set(omitted))
    shown["credited"] = line.credited + line.return_credited
    shown["warehouse"] = line.site
    if line.bundle:
        shown["bundle"] = _bundle(line.bundle, order, caller)
    if line.sourcing:
        told = line.sourcing.model_dump(mode="json", exclude_defaults=True)
        shown["sourcing"] = told | {"because": in_language(sourcing.because(line.sourcing), caller.language)}
    for name in LINE_AMOUNTS:
        if name in shown:
            shown[name] = money.text(Decimal(str(shown[name])), order.currency)
    for name in ("unit_price", "list_price"):
        if shown.get(name) is not None:
            shown[name] = money.price_text(getattr(line, name), order.currency)
    return shown


def _bundle(bundle: Bundle, order: Order, caller: Caller) -> dict[str, object]:
    shown = bundle.model_dump(mode="json", exclude=set(LINE_PRICES))
    if not caller.sees_no_prices():
        prices = {"unit_price": bundle.unit_price, "list_price": bundle.list_price}
        shown |= {
            name: None if price is None else money.price_text(price, order.currency)
            for name, price in prices.items()
        }
    return shown


def preview(seen: Preview, caller: Caller, now: datetime) -> dict[str, object]:
    """Return what an amendment would do: the order as it would be, and what differs."""
    currency = seen.after.currency
    amounts = {
        name: money.text(getattr(seen.after, name) - getattr(seen.before, name), currency)
        for name in ("net", "tax", "total")
    }
    stock = [
        {"sku": item.sku, "warehouse": item.warehouse, "reserved": units}
        for item, units in seen.stock.items()
    ]
    return {
        "order": order(seen.after, caller, now),
        "difference": amounts | {"credit": money.text(seen.exposure, currency), "stock": stock},
        "approvals": rules(seen.asked, caller),
        "errors": [
            fault.told(caller.language)
            for problem in seen.problems
            for fault in (problem.faults or (problem.as_fault(),))
        ],
    }


def rules(asked: tuple[Asked, ...], caller: Caller) -> list[dict[str, object]]:
    """Return the rules that ask for approval; margins only for those who may see costs."""
    return [_rule(one, caller) for one in asked]


def _rule(asked: Asked, caller: Caller) -> dict[str, object]:
    shown = asked.model_dump(mode="json")
    if not caller.is_any(MARGIN_VIEWERS):
        shown["inputs"] = {name: text for name, text in asked.inputs.items() if "margin" not in name}
    return shown


def _waiting(waiting: Waiting, caller: Caller) -> dict[str, object]:
    shown = waiting.model_dump(mode="json", exclude={"principal", "ordinal"})
    return shown | {"rules": rules(waiting.rules, caller), "request": waiting.request}


def approval(item: items.Item, caller: Caller) -> dict[str, object]:
    """Return one approval of an order: what waited, and how it was decided."""
    shown = _waiting(Waiting.model_validate(item["waiting"]), caller)
    return shown | {name: item.get(name) for name in ("outcome", "decided_by", "decided_at", "reason")}


def waiting_row(item: items.Item) -> dict[str, object]:
    """Return one row of what waits for approval."""
    asked = item["asked"] if isinstance(item["asked"], Mapping) else {}
    named = {
        name: item.get(name) for name in ("number", "status", "currency", "customer", "total", "created_by")
    }
    told = {name: asked.get(name) for name in ("kind", "rules", "approvers", "requested_by", "requested_at")}
    return {"order_id": item["id"], **named, **told}


def returned(one: Return) -> dict[str, object]:
    """Return a return with what it allows, and what follows by itself from how it was resolved."""
    follows = list(returning.FOLLOWS.get(one.resolution or "", ()))
    return one.model_dump(mode="json") | {"allowed": returning.allowed(one), "follows": follows}


def entry(row: items.Item, caller: Caller) -> dict[str, object]:
    """Return one entry of a timeline, without prices for those who may not see them."""
    changes = journal.changes_of(row)
    if caller.sees_no_prices():
        changes = {name: _without_prices(name, value) for name, value in changes.items()}
    told = {name: row.get(name) for name in ("id", "event", "version", "reason")}
    return told | {"changes": changes, "at": str(row["at_key"]).split("#")[0], "by": row["name"]}


def _without_prices(name: str, value: object) -> object:
    if name.rsplit("/", 1)[-1] in PRICES | LINE_PRICES:
        return None
    if isinstance(value, list) and any(isinstance(one, dict) for one in value):
        return [_plain(one) for one in value]
    return value


def _plain(value: object) -> object:
    if not isinstance(value, dict):
        return value
    return {name: one for name, one in value.items() if name not in LINE_PRICES}
