"""What stock is worth, how long it lasts, how often it turns over, and what lies dead, for people."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal

from soms.catalog import store as catalog
from soms.catalog.commands import zone
from soms.catalog.model import Settings
from soms.inventory import figures, measures
from soms.inventory import store as inventory
from soms.inventory.figures import Total
from soms.inventory.folding import Figures, Terms
from soms.inventory.model import StockItem
from soms.kit import aws, money
from soms.kit.problems import Fault, InvalidParameter

Row = dict[str, object]


def values(held: Sequence[Figures], settings: Settings) -> list[Row]:
    """Return what each stock item is worth, as of when its movements were added last."""
    return _valued(held, settings, {})


def values_at(sku: str, warehouse: str | None, day: date, settings: Settings, now: datetime) -> list[Row]:
    """Return what a SKU was worth at the end of a day of the company (today: now), exactly, by warehouse.

    Raises InvalidParameter for a day that lies ahead and for too many movements.
    """
    company = zone(settings)
    if day > now.astimezone(company).date():
        words = ("must not lie ahead", "不得晚于当前时刻")
        raise InvalidParameter(faults=[Fault("out_of_range", words, parameter="as_of")])
    end = datetime.combine(day, time.max, company)
    shelves = [StockItem(sku=one.sku, warehouse=one.warehouse) for one in inventory.of_sku(sku)]
    product = catalog.find_product(sku)
    cost = product.cost if product and product.currency == settings.currency else None
    terms = Terms(company, cost)
    try:
        held = [figures.until(one, end, terms) for one in shelves if warehouse in {None, one.warehouse}]
    except figures.TooManyMovements:
        most = figures.MOST_REFOLDED
        words = (f"there are more than {most} movements until then", f"截至该日的流水超过 {most} 条")
        raise InvalidParameter(faults=[Fault("too_many_movements", words, parameter="as_of")]) from None
    there = [one for one in held if one.seq]
    return _valued(there, settings, {one.warehouse: day.isoformat() for one in there})


def _valued(held: Sequence[Figures], settings: Settings, as_of: Mapping[str, str]) -> list[Row]:
    products = aws.get_many(catalog.product_key(one.sku) for one in held)
    return [
        {
            "sku": one.sku,
            "name": str(product["name"]) if product else None,
            "warehouse": one.warehouse,
            "units": one.units,
            "unit_cost": None if one.cost is None else money.price_text(one.cost, settings.currency),
            "value": amount(one.value, settings),
            "currency": settings.currency,
            "uncosted_units": one.uncosted_units,
            "as_of": as_of.get(one.warehouse, one.folded_at),
        }
        for one, product in zip(held, products, strict=True)
    ]


def total_of(held: Total, settings: Settings) -> Row:
    """Return what a whole warehouse was worth when it was walked last."""
    counts = {name: getattr(held, name) for name in ("skus", "units", "uncosted_units", "behind", "as_of")}
    return {"value": amount(held.value, settings), "currency": settings.currency, **counts}


def amount(value: Decimal, settings: Settings) -> str:
    """Write a value with the digits of the company's currency, rounded half up here and nowhere before."""
    return money.text(money.rounded(value, settings.currency), settings.currency)


def analysed(
    rows: Iterable[Figures], settings: Settings, days: int, *, now: datetime, with_values: bool
) -> list[Row]:
    """Return how each stock item moves, over so many days up to today."""
    today = now.astimezone(zone(settings)).date()
    listed = list(rows)
    wanted = [StockItem(sku=one.sku, warehouse=one.warehouse) for one in listed]
    whole = aws.get_many(figures.key(item) for item in wanted)
    found = []
    for item, one, held in zip(wanted, listed, whole, strict=True):
        full = figures.of_item(item, held)
        # Class and state as the list was made by them.
        found.append(_analysed(full, one, settings, days, today, with_values=with_values))
    return found


def _analysed(
    one: Figures, listed: Figures, settings: Settings, days: int, today: date, *, with_values: bool
) -> Row:
    units = measures.daily(one, today, days)
    turns = measures.turns(one, today)
    return {
        "sku": one.sku,
        "warehouse": one.warehouse,
        "on_hand": one.units,
        **({"value": amount(one.value, settings), "currency": settings.currency} if with_values else {}),
        "shipped": sum(units),
        "per_day": _plain(measures.per_day(units)),
        "cover_days": _plain(measures.cover_days(one.units, units)),
        "turns": _plain(turns),
        "abc": listed.abc,
        "last_in_on": _on(one.last_in_on),
        "last_out_on": _on(one.last_out_on),
        "dead": listed.dead,
        "as_of": one.folded_at,
    }


def _plain(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")


def _on(day: date | None) -> str | None:
    return day.isoformat() if day else None
