"""Openings that steer orders to where goods are short: who waits, is given, loses, and leaves only complete."""

from collections.abc import Callable, Sequence

from tests.properties.order_acting import amend, cancel, offer, place, quote, say, ship, try_to_amend
from tests.properties.order_figures import Asked, Change, Edit
from tests.properties.order_player import Player
from tests.properties.order_saying import ANN, FAY, MAX, SAM

MAY_WAIT = {"backorder": "allow"}
FIRST = MAY_WAIT | {"priority": 1}
WHOLE = MAY_WAIT | {"delivery": "complete"}
CHEAP = "C"
"""A product of which a thousand units need no approval."""


def _left(player: Player, units: int) -> None:
    """Let there be so many units that nobody has reserved."""
    player.drain()
    player.count(CHEAP, player.company.shelves[CHEAP].reserved + units)


def _calm(player: Player) -> None:
    """Let the streams run, and look at who waits."""
    player.drain()
    player.look_at_shelf(CHEAP)
    player.look_at_queue(CHEAP)


def goods_go_by_priority_then_age(player: Player) -> None:
    """What comes goes to whoever may go first, then to the oldest, and reaches as far as it goes."""
    _left(player, 2)
    old = place(player, [Asked(CHEAP, 5), Asked(CHEAP, 2)], terms=MAY_WAIT)
    young = place(player, [Asked(CHEAP, 4)], terms=MAY_WAIT)
    urgent = place(player, [Asked(CHEAP, 3)], terms=FIRST, who=MAX)
    offer(player, [Asked(CHEAP, 3)], terms=FIRST, who=SAM)
    offer(player, [Asked(CHEAP, 3)])
    _calm(player)
    for units in (5, 4):
        player.receive(CHEAP, units)
        _calm(player)
    try_to_amend(player, young, Change(terms={"priority": 2}))
    amend(player, young, Change(terms={"priority": 2}), MAX)
    player.receive(CHEAP, 1)
    _calm(player)
    player.receive(CHEAP, 9)
    _calm(player)
    for name in (old, young, urgent):
        ship(player, name, None)


def the_youngest_wait_for_what_is_missing(player: Player) -> None:
    """A count below what is reserved takes from the youngest; quotes keep less; nothing is lost twice."""
    _left(player, 12)
    old = place(player, [Asked(CHEAP, 4)])
    place(player, [Asked(CHEAP, 1), Asked(CHEAP, 2)])
    kept = quote(player, [Asked(CHEAP, 3)], ANN)
    amend(player, old, Change((Edit(1, 5),)))
    shelf = player.company.shelves[CHEAP]
    for fewer in (3, 2, 3):
        player.count(CHEAP, shelf.on_hand - fewer)
        _calm(player)
    player.adjust(CHEAP, {"delta": -shelf.on_hand - 1, "reason": "loss"}, shelf.on_hand + 1)
    say(player, kept, "accept", SAM)
    player.receive(CHEAP, 4)
    _calm(player)


def what_waits_is_cancelled_first(player: Player) -> None:
    """Units that wait are cancelled before units that are reserved, and leave the queue."""
    _left(player, 2)
    name = place(player, [Asked(CHEAP, 6)], terms=MAY_WAIT)
    other = place(player, [Asked(CHEAP, 3)], terms=MAY_WAIT)
    _calm(player)
    cancel(player, name, {1: 3})
    _calm(player)
    amend(player, name, Change((Edit(1, 1),)))
    cancel(player, other, None)
    _calm(player)


def only_all_of_it_leaves(player: Player) -> None:
    """An order that is to leave in one delivery, from the first or from later on, leaves whole or not at all."""
    _left(player, 2)
    whole = place(player, [Asked(CHEAP, 2), Asked(CHEAP, 1)], terms=WHOLE)
    ship(player, whole, None)
    player.receive(CHEAP, 5)
    player.drain()
    ship(player, whole, {1: 1})
    ship(player, whole, None)
    later = place(player, [Asked(CHEAP, 3)])
    ship(player, later, {1: 1})
    amend(player, later, Change(terms={"delivery": "complete"}))
    ship(player, later, {1: 1})
    amend(player, later, Change(terms={"delivery": "partial"}))
    ship(player, later, {1: 1})


def leave_to_wait_comes_later(player: Player) -> None:
    """A draft, a quote, an amendment and an approved one wait for what is not there, once they may."""
    _left(player, 3)
    name = place(player, [Asked(CHEAP, 2)])
    try_to_amend(player, name, Change((Edit(1, 9),)))
    amend(player, name, Change((Edit(1, 9),), terms=MAY_WAIT))
    draft = place(player, [Asked(CHEAP, 2)], terms=MAY_WAIT, draft=True)
    say(player, draft, "confirm", SAM)
    half = Change((), ("percent", "50"), says=frozenset({"discount"}), terms={"priority": 1})
    amend(player, draft, half, MAX)
    say(player, draft, "approve", FAY)
    amend(player, name, Change((Edit(1, 4), Edit(None, 3, CHEAP))))
    _calm(player)
    player.receive(CHEAP, 6)
    _calm(player)


WAITING: Sequence[Callable[[Player], None]] = (
    goods_go_by_priority_then_age,
    the_youngest_wait_for_what_is_missing,
    what_waits_is_cancelled_first,
    only_all_of_it_leaves,
    leave_to_wait_comes_later,
)
