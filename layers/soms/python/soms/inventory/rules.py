"""What may happen to stock and to alerts."""

from collections.abc import Mapping, Sequence
from typing import Final

from soms.catalog.model import Product
from soms.inventory.model import Alert, AlertStatus, ReorderRule
from soms.kit.problems import Fault

ALERT_STEPS: Final[Mapping[str, tuple[frozenset[AlertStatus], AlertStatus]]] = {
    "acknowledge": (frozenset({"open", "snoozed"}), "acknowledged"),
    "snooze": (frozenset({"open", "acknowledged"}), "snoozed"),
    "dismiss": (frozenset({"open", "acknowledged", "snoozed"}), "dismissed"),
}
"""Command → the states it leads from, and to."""

LIVE: Final[tuple[AlertStatus, ...]] = ("open", "acknowledged", "ordered", "snoozed")
UNANSWERED: Final[tuple[AlertStatus, ...]] = ("open", "acknowledged", "snoozed")
"""States in which nothing has been ordered yet, and something should be."""


def allowed(alert: Alert) -> list[str]:
    """Return the commands that an alert's state allows."""
    return [command for command, (states, _) in ALERT_STEPS.items() if alert.status in states]


def suggested(position: int, rule: ReorderRule) -> int:
    """Return how many base units to buy: up to the target, at least the minimum, in whole packs."""
    wanted = max(rule.target - position, rule.minimum)
    return -(-wanted // rule.pack) * rule.pack


def repeated(skus: Sequence[str], place: str) -> list[Fault]:
    """Return a fault for every SKU that was named before; `place` is its pointer with `{}` for the index."""
    return [
        Fault("duplicate", (f"{sku} is there twice", f"{sku} 重复"), place.format(index))
        for index, sku in enumerate(skus)
        if sku in skus[:index]
    ]


def unstocked(sku: str, product: Product | None, place: str) -> list[Fault]:
    """Return why nothing of a SKU can lie on a shelf; `place` is its pointer."""
    if product is None:
        words = (f"there is no product {sku}", f"没有商品 {sku}")
        return [Fault("unknown_sku", words, place, meta={"sku": sku})]
    if not product.stocked:
        words = ("this product is not kept in stock", "该商品不管理库存")
        return [Fault("not_stocked", words, place, meta={"sku": sku})]
    return []
