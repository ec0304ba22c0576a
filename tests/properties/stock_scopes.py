"""The scopes that are explored, and for each condition of the protocol the scope that needs it."""

from tests.properties.stock_scope import Scope
from tests.properties.stock_state import Command


def _given(kind: str, order: int = 0, units: int = 0, *, wait: bool = False, key: str = "") -> Command:
    return Command(kind, order, units, key or f"{kind}{order}", wait)


A, B, C = range(3)
RECEIPT, COUNT = _given("receipt", units=2), _given("count", units=0)
WAITS, MORE, LESS = _given("place", A, 1, wait=True), _given("amend", A, 1), _given("cancel", A, 1)
WAITS_2, MOVE = _given("place", A, 2, wait=True), _given("move", A)

BUYERS = Scope(
    "two buyers for two units",
    2,
    [
        *(_given("place", A, 2), _given("place", B, 1), _given("cancel", A), _given("ship", A)),
        *(_given("ship", B), _given("receipt", units=1)),
    ],
    losses=1,
)
TWICE = Scope(
    "the same requests twice at once",
    1,
    [RECEIPT, RECEIPT, _given("place", A, 1), _given("place", A, 1), LESS, LESS],
    losses=1,
)
WAITING = Scope(
    "one waits while goods come and money is paid",
    1,
    [WAITS_2, _given("receipt", units=1), LESS, _given("settle", A), _given("ship", A)],
    crashes=1,
)
TWO_WAIT = Scope(
    "two wait for what a third gives up",
    1,
    [
        *(_given("place", A, 1), _given("place", B, 1, wait=True), _given("place", C, 1, wait=True)),
        *(_given("cancel", A), _given("receipt", units=1)),
    ],
)
IN_ORDER = Scope(
    "more and less wait, the stream in order", 0, [WAITS_2, LESS, MORE, RECEIPT], in_order=True, crashes=1
)
SWEPT = Scope("more and less wait, records swept late", 0, [WAITS_2, MORE, LESS, RECEIPT])
MOVING = Scope("a place in the queue is changed", 0, [WAITS_2, MOVE, LESS, RECEIPT])
MOVING_IN_ORDER = Scope(
    "a count while a place is changed, in order", 1, [WAITS, MOVE, MORE, COUNT, RECEIPT], in_order=True
)
COUNTING = Scope(
    "a count below what is reserved",
    3,
    [
        *(_given("place", A, 2), _given("place", B, 1, wait=True), _given("cancel", B), _given("ship", A)),
        *(_given("count", units=1), _given("receipt", units=1)),
    ],
)
COUNT_AND_MORE = Scope("a count while more and less wait", 1, [WAITS, MORE, LESS, COUNT, RECEIPT])
QUOTES = Scope(
    "a quote keeps stock and its time is up",
    1,
    [_given("quote", A, 1), _given("place", B, 1), _given("accept", A), _given("expire", A)],
)
QUOTES_WAIT = Scope(
    "a quote, and an order that waits for what it keeps",
    1,
    [
        *(_given("quote", A, 1), _given("place", B, 2, wait=True), _given("accept", A), _given("expire", A)),
        _given("count", units=0),
    ],
)
SHORT = (
    *(BUYERS, TWICE, WAITING, TWO_WAIT, IN_ORDER, SWEPT, MOVING, MOVING_IN_ORDER, COUNTING),
    *(COUNT_AND_MORE, QUOTES, QUOTES_WAIT),
)
LONG = (
    Scope(
        "a quote, an order that waits, a count, and goods that come",
        1,
        [
            *(_given("quote", A, 1), _given("place", B, 2, wait=True), _given("accept", A)),
            *(_given("expire", A), COUNT, _given("receipt", units=1)),
        ],
    ),
    Scope("a count while a place is changed, crashes", 1, [WAITS_2, MOVE, LESS, COUNT, RECEIPT], crashes=1),
    Scope("everything happens to one order", 1, [WAITS, MOVE, MORE, LESS, COUNT, RECEIPT]),
    Scope(
        "two orders wait, one is changed and shipped, one is cancelled",
        1,
        [
            *(WAITS, _given("place", B, 1, wait=True), _given("amend", B, 1), _given("cancel", A)),
            *(RECEIPT, _given("ship", B)),
        ],
        crashes=1,
    ),
    Scope(
        "a count takes from two orders that are being changed",
        2,
        [
            *(WAITS, _given("place", B, 1, wait=True), _given("cancel", A), _given("amend", B, 1)),
            *(COUNT, RECEIPT),
        ],
    ),
)

REPLAYED = (
    *(SWEPT, MOVING, COUNT_AND_MORE),
    Scope(
        "a count, places, more and less, shipped",
        2,
        [WAITS_2, MOVE, MORE, LESS, COUNT, RECEIPT, _given("ship", A)],
    ),
    Scope(
        "two wait, change and are shipped",
        1,
        [
            *(WAITS_2, _given("place", B, 1, wait=True), _given("amend", B, 1), LESS),
            *(_given("ship", A), RECEIPT, _given("move", B), _given("cancel", B, 1)),
        ],
    ),
)
"""Scopes whose ways are taken through the real functions."""

TEETH = {
    "available": WAITING,
    "version": COUNT_AND_MORE,
    "settled": WAITING,
    "fill_order": COUNT_AND_MORE,
    "entry": COUNT_AND_MORE,
    "mark": BUYERS,
    "journal": TWICE,
    "count_seq": COUNTING,
    "count_orders": COUNT_AND_MORE,
    "release_waited": COUNT_AND_MORE,
    "wake_on_state": WAITING,
    "stamps": IN_ORDER,
    "place": MOVING,
    "stamp_kept": SWEPT,
    "dequeue_waits": SWEPT,
    "reclaim": QUOTES,
}
