"""Inventory stream → movements: every change of a stock item is kept for ever."""

from soms.inventory import ledger
from soms.kit import streams

handler = streams.follow("ledger", ledger.keep)
