"""Billing stream → orders: what is invoiced and paid is written onto the order."""

from collections.abc import Sequence

from soms.billing import commands
from soms.kit import streams


def _settle(changes: Sequence[streams.Change]) -> None:
    for order_id in dict.fromkeys(str(change.new["order_id"]) for change in changes if change.new):
        commands.settle(order_id)


handler = streams.follow("settlement", _settle)
