"""What may happen to stock and to alerts."""

from collections.abc import Mapping
from typing import Final

from soms.inventory.model import Alert, AlertStatus, ReorderRule

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
