"""Inventory stream → who waits is given what came, and what runs low is told to purchasing."""

from collections.abc import Sequence

from soms.inventory import replenish, sharding
from soms.kit import clock, streams
from soms.orders import filling, telling


def _watch(changes: Sequence[streams.Change]) -> None:
    filling.follow(changes, now=clock.now())
    sharding.follow(changes, now=clock.now())
    for change in changes:
        telling.follow(change, now=clock.now())
        replenish.watch(change, now=clock.now())


handler = streams.follow("replenishment", _watch)
