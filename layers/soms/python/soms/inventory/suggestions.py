"""What should be bought: for each alert that nothing answers yet, how much of what, from whom, and why."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from soms.catalog import store as catalog
from soms.inventory import alerts, rules, store
from soms.inventory.model import Alert, Stock, StockItem
from soms.kit import aws, items, paging
from soms.kit.fields import Frozen


class Suggestion(Frozen):
    """How many units of a stock item to buy, and the figures that say so."""

    sku: str
    name: str
    warehouse: str
    quantity: int
    position: int
    on_hand: int
    reserved: int
    incoming: int
    backordered: int
    point: int
    target: int
    minimum: int
    pack: int
    lead_time_days: int | None
    supplier: str | None
    alert_id: str
    expected_on: date | None

    @property
    def item(self) -> StockItem:
        """Return the stock item by name."""
        return StockItem(sku=self.sku, warehouse=self.warehouse)

    def reason(self, language: str) -> str:
        """Return why so many, with the figures, in `zh` or `en`."""
        if language == "zh":
            return (
                f"库存状况 {self.position}（在手 {self.on_hand} − 占用 {self.reserved} + 在途 {self.incoming}"
                f" − 缺货 {self.backordered}）已不高于再订货点 {self.point}；订购 {self.quantity} 可补足到"
                f"目标 {self.target}（最少 {self.minimum}，每箱 {self.pack}）。"
            )
        return (
            f"The position {self.position} ({self.on_hand} on hand − {self.reserved} reserved + "
            f"{self.incoming} incoming − {self.backordered} back-ordered) is not above the point "
            f"{self.point}; {self.quantity} fill it up to the target {self.target} (at least {self.minimum}, "
            f"in packs of {self.pack})."
        )


def of_alerts(asked: Sequence[Alert], today: date) -> list[Suggestion]:
    """Return what should be bought for those of the alerts whose stock still runs low."""
    wanted = [StockItem(sku=one.sku, warehouse=one.warehouse) for one in asked]
    keys = [store.key(item) for item in wanted] + [catalog.product_key(item.sku) for item in wanted]
    held = aws.get_many(keys)
    shelves, products = held[: len(asked)], held[len(asked) :]
    stocks = store.together(store.stock_of(item, one) for item, one in zip(wanted, shelves, strict=True))
    made = map(_suggestion, asked, stocks, products, [today] * len(asked))
    return [one for one in made if one]


def page(
    *, warehouse: str | None, supplier: str | None, today: date, limit: int, after: str | None
) -> tuple[paging.Page, list[Suggestion]]:
    """Return one page of suggestions, of the newest alerts first; only alerts are read, never the stock."""
    found: list[Suggestion] = []
    while True:
        read = alerts.among(rules.UNANSWERED, limit=limit - len(found), after=after)
        made = of_alerts([alerts.alert_of(row) for row in read.rows], today)
        found += [
            one
            for one in made
            if warehouse in {None, one.warehouse} and supplier in {None, one.supplier}
        ]
        after = read.next_position
        if after is None or len(found) >= limit:
            return read, found


def of_alert(alert: Alert, today: date) -> Suggestion | None:
    """Return what should be bought for an alert, or None when its stock is back."""
    return next(iter(of_alerts([alert], today)), None)


def by_alert(found: Iterable[Suggestion]) -> dict[str, Suggestion]:
    """Return suggestions by the alert they are for."""
    return {one.alert_id: one for one in found}


def _suggestion(
    alert: Alert, stock: Stock, product: items.Item | None, today: date
) -> Suggestion | None:
    rule, known = stock.rule, catalog.product(product)
    if rule is None or not stock.is_low:
        return None
    days = rule.lead_time_days
    return Suggestion(
        sku=stock.sku,
        name=known.name if known else stock.sku,
        warehouse=stock.warehouse,
        quantity=rules.suggested(stock.position, rule),
        position=stock.position,
        on_hand=stock.on_hand,
        reserved=stock.reserved,
        incoming=stock.incoming,
        backordered=stock.backordered,
        point=rule.point,
        target=rule.target,
        minimum=rule.minimum,
        pack=rule.pack,
        lead_time_days=days,
        supplier=rule.supplier,
        alert_id=alert.id,
        expected_on=None if days is None else today + timedelta(days=days),
    )
