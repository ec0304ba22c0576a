"""Which index serves which filter of the order list."""

from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from soms.catalog import store as catalog
from soms.catalog.commands import zone
from soms.kit import aws, clock, items, paging
from soms.kit.access import Caller
from soms.kit.problems import FilterUnsupported, NotFound
from soms.orders import store

EARLIEST, LATEST = "0", "9"
MOMENT = timedelta(microseconds=1)


class Filters(Protocol):
    """What a list may be filtered by."""

    @property
    def status(self) -> str | None:
        """A state of orders."""

    @property
    def customer_id(self) -> str | None:
        """A customer's id."""

    @property
    def salesperson(self) -> str | None:
        """A sales person's name."""

    @property
    def number(self) -> str | None:
        """An order's number."""

    @property
    def placed_from(self) -> date | None:
        """The first day, in company time."""

    @property
    def placed_to(self) -> date | None:
        """The last day, in company time."""

    @property
    def limit(self) -> int:
        """How many rows a page has at most."""


def page(filters: Filters, caller: Caller, after: str | None) -> paging.Page:
    """Return one page of the orders that the filters ask for and the caller may see, newest first."""
    own = caller.name if caller.sees_only_own() else None
    given = {
        "status": filters.status,
        "customer": filters.customer_id,
        "salesperson": filters.salesperson,
        "number": filters.number,
    }
    chosen = {name: value for name, value in given.items() if value is not None}
    if len(chosen) > 1 or (own and filters.salesperson not in {None, own}):
        raise FilterUnsupported
    between = _between(filters)
    if "number" in chosen:
        return _by_number(str(filters.number), caller)
    by, value = next(iter(chosen.items()), ("salesperson", own) if own else ("day", None))
    if by == "day":
        return store.listed_by_day(_days(between), between=between, limit=filters.limit, after=after)
    found = store.listed(by=by, value=value, between=between, limit=filters.limit, after=after)
    visible = [row for row in found.rows if caller.may_see(_salesperson(row))]
    return paging.Page(visible, found.next_position)


def _by_number(number: str, caller: Caller) -> paging.Page:
    order_id = store.id_of_number(number)
    held = aws.get(*store.key(order_id)) if order_id else None
    try:
        caller.require_sight(_salesperson(held or {}))
    except NotFound:
        held = None
    return paging.Page([held] if held else [], None)


def _salesperson(row: items.Item) -> str | None:
    held = row.get("salesperson")
    return str(held) if held is not None else None


def _between(filters: Filters) -> tuple[str, str]:
    if filters.placed_from is None and filters.placed_to is None:
        return EARLIEST, LATEST
    company = zone(catalog.settings())
    return store.instants(filters.placed_from, filters.placed_to, company)


def _days(between: tuple[str, str]) -> list[str]:
    """Return the days, in UTC, whose shards are read, newest first: at most a month at once."""
    low, high = between
    now = clock.now()
    end = min(datetime.fromisoformat(high) - MOMENT, now) if high != LATEST else now
    begin = datetime.fromisoformat(low) if low != EARLIEST else end - timedelta(days=store.MOST_DAYS)
    if end - begin > timedelta(days=store.MOST_DAYS + 1):
        raise FilterUnsupported(
            detail=(f"At most {store.MOST_DAYS} days at once.", f"一次最多查询 {store.MOST_DAYS} 天。")
        )
    last, first = end.astimezone(UTC).date(), begin.astimezone(UTC).date()
    return [str(last - timedelta(days=count)) for count in range((last - first).days + 1)]
