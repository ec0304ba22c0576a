"""Inventory stream → alerts: what runs low is told to purchasing."""

from collections.abc import Sequence

from soms.inventory import replenish
from soms.kit import clock, streams


def _watch(changes: Sequence[streams.Change]) -> None:
    for change in changes:
        replenish.watch(change, now=clock.now())


handler = streams.follow("replenishment", _watch)
