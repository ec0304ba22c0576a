"""Billing stream → orders: what is invoiced and paid is written onto the order."""

from collections.abc import Sequence

from soms.billing import settling
from soms.kit import clock, streams


def _settle(changes: Sequence[streams.Change]) -> None:
    named = (str(change.new["order_id"]) for change in changes if change.new and change.new.get("order_id"))
    for order_id in dict.fromkeys(named):
        settling.settle(order_id, now=clock.now())


handler = streams.follow("settlement", _settle)
