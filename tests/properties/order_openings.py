"""Openings that steer orders to what random play seldom meets; each is played and compared like the rest."""

from collections.abc import Callable, Sequence

from tests.properties.order_acting import (
    HOUR,
    IN_YEN,
    ON_SHIPMENT,
    amend,
    ask_return,
    cancel,
    expire,
    offer,
    place,
    quote,
    say,
    ship,
    step,
    tell,
)
from tests.properties.order_figures import Asked, Change, Edit
from tests.properties.order_openings_waiting import WAITING
from tests.properties.order_player import Player
from tests.properties.order_saying import ANN, FAY, MAX, SAM

DEAR = 10_000
"""The total above which orders need approval while openings are played, in cents."""


def two_have_to_approve(player: Player) -> None:
    """One rule asks sales, the other finance: the order waits for both, or comes back as a draft."""
    asked, half = [Asked("B", 8)], ("percent", "50")
    first = place(player, asked, half)
    say(player, first, "approve", MAX)
    say(player, first, "approve", MAX)
    say(player, first, "approve", FAY)
    second = place(player, asked, half)
    say(player, second, "reject", FAY)
    say(player, second, "confirm", SAM)
    say(player, second, "recall", SAM)
    say(player, second, "discard", SAM)
    say(player, offer(player, asked, half, who=MAX), "approve", MAX)


def amendments_wait(player: Player) -> None:
    """An amendment is recalled, rejected, approved, and dropped when its order ends."""
    name = place(player, [Asked("A", 5), Asked("B", 1)])
    more = Change((Edit(1, 9),))
    for command, who in (("recall", SAM), ("reject", MAX), ("approve", MAX)):
        amend(player, name, more)
        say(player, name, command, who)
    amend(player, name, Change((Edit(1, 11),)))
    cancel(player, name, None)
    shipped = place(player, [Asked("A", 5)])
    ship(player, shipped, {1: 1})
    amend(player, shipped, Change((Edit(1, 12),)))
    say(player, shipped, "close", ANN)


def nothing_is_left_to_approve(player: Player) -> None:
    """What an amendment would have left is cancelled while it waits."""
    name = place(player, [Asked("A", 1), Asked("A", 1)])
    amend(player, name, Change((Edit(1, 0),), ("percent", "50"), says=frozenset({"discount"})))
    cancel(player, name, {2: 1})
    say(player, name, "approve", FAY)
    amended = place(player, [Asked("A", 1)])
    amend(player, amended, Change((Edit(1, 0),)))


def quotes_run_out(player: Player) -> None:
    """A quote cannot be accepted once it is over, and whoever needs its stock takes it."""
    short = player.company.shelves["A"].available
    name = quote(player, [Asked("A", short, "0.01")], ANN)
    player.pass_time(2 * HOUR)
    say(player, name, "accept", SAM)
    place(player, [Asked("A", short, "0.01")], who=MAX)
    expire(player)
    for command in ("revise", "lose", "accept"):
        say(player, quote(player, [Asked("B", 1)]), command, SAM)


def what_waits_lets_go(player: Player) -> None:
    """An accepted quote that waits keeps its stock no longer than it was valid, and goes on waiting."""
    name = quote(player, [Asked("B", 8)])
    say(player, name, "accept", SAM)
    player.pass_time(2 * HOUR)
    expire(player)
    player.look(player.company.orders[name])
    say(player, name, "approve", MAX)
    left = player.company.shelves["B"].available
    late = quote(player, [Asked("B", left)])
    say(player, late, "accept", SAM)
    player.pass_time(2 * HOUR)
    place(player, [Asked("B", 1)])
    player.look(player.company.orders[late])
    say(player, late, "approve", MAX)


def goods_come_back(player: Player) -> None:
    """Units come back once, go on the shelf and are credited on the account."""
    name = place(player, [Asked("A", 3)])
    ship(player, name, None)
    player.drain()
    back = ask_return(player, name, {1: 2})
    ask_return(player, name, {1: 2})
    step(player, back, "approve", {}, None)
    step(player, back, "receive", {}, None)
    step(player, back, "inspect", {"lines": [{"line": 1, "restock": 1, "scrap": 1}]}, {1: 1})
    step(player, back, "resolve", {"resolution": "credit"}, None)


def what_is_over_is_reopened(player: Player) -> None:
    """Gifts are complete once they are shipped; other orders are closed; both are opened again."""
    gift = place(player, [Asked("GIFT", 2)])
    ship(player, gift, None)
    player.rest()
    ask_return(player, gift, {1: 1})
    say(player, gift, "reopen", ANN)
    closed = place(player, [Asked("A", 3)])
    ship(player, closed, {1: 1})
    say(player, closed, "close", ANN)
    ask_return(player, closed, {1: 1})
    say(player, closed, "reopen", ANN)


def the_newest_invoice_is_credited(player: Player) -> None:
    """What is cancelled is credited on the newest invoice, as far as it goes."""
    name = place(player, [Asked("A", 1)])
    player.drain()
    amend(player, name, Change((Edit(1, 4),)))
    player.drain()
    cancel(player, name, {1: 2})


def an_invoice_is_credited_by_hand(player: Player) -> None:
    """An amount, some units, a cancellation of what is left, and what was swallowed by it is billed again."""
    name = place(player, [Asked("A", 3), Asked("B", 1)])
    player.drain()
    (issued,) = player.world.call("GET", f"/v1/invoices?order_id={name}").body["data"]
    order = player.company.orders
    for what in (1_001, {1: 2}, {2: 3}, 99_999):
        player.credited(order[name], issued, what)
    cancel(player, name, {1: 2})
    player.drain()
    amend(player, name, Change((Edit(1, 4),)))
    player.drain()
    player.credited(order[name], issued, None)


def units_keep_their_price(player: Player) -> None:
    """Units that came to a line later go first, at what they were agreed at."""
    name = place(player, [Asked("A", 3, rule=("amount", "10.00"))])
    amend(player, name, Change((Edit(1, 5),)))
    cancel(player, name, {1: 1})


def carriage_stays(player: Player) -> None:
    """All goods are priced anew, and the carriage is as it was."""
    name = place(player, [Asked("A", 2), Asked(None, 1, "3.33", rate="0.06")])
    amend(player, name, Change((), ("percent", "10"), says=frozenset({"discount"})))


def discounts_go_with_units(player: Player) -> None:
    """Units that are cancelled take their share of the order's discount with them."""
    name = place(player, [Asked("A", 7)], ("amount", "3.33"))
    cancel(player, name, {1: 2})
    amend(player, name, Change((Edit(1, 6),)))


def goods_are_held(player: Player) -> None:
    """Nothing leaves while there is a hold, and nothing is closed of which nothing has left."""
    name = place(player, [Asked("A", 2)], draft=True)
    amend(player, name, Change((Edit(1, 3),)))
    say(player, name, "confirm", SAM)
    say(player, name, "close", ANN)
    body = {"kind": "manual", "reason": "look"}
    made = player.send("POST", f"/v1/orders/{name}/holds", body, ANN, lambda: player.company.hold(name, None))
    assert made
    hold = made[1].body["id"]
    made[0].holds.append(hold)
    ship(player, name, None)
    tell(player, name, f"holds/{hold}/release", {}, lambda: player.company.lift(name, hold, None), ANN)


def shipped_goods_are_billed(player: Player) -> None:
    """Who is billed on shipment is billed for what has left; what is cancelled is never billed."""
    name = place(player, [Asked("A", 4)], buyer=ON_SHIPMENT)
    player.drain()
    ship(player, name, {1: 1})
    player.drain()
    cancel(player, name, {1: 1})
    player.drain()
    cancel(player, place(player, [Asked("A", 4)]), {1: 3})


def credit_is_used_up(player: Player) -> None:
    """An order above what is left of a customer's credit is refused."""
    offer(player, [Asked("JS", 5_000)], buyer=IN_YEN)
    offer(player, [Asked("JS", 5_000)], buyer=IN_YEN)


OPENINGS: Sequence[Callable[[Player], None]] = (
    *(two_have_to_approve, amendments_wait, nothing_is_left_to_approve, quotes_run_out, what_waits_lets_go),
    *(goods_come_back, what_is_over_is_reopened, the_newest_invoice_is_credited, units_keep_their_price),
    an_invoice_is_credited_by_hand,
    *(carriage_stays, discounts_go_with_units, goods_are_held, shipped_goods_are_billed, credit_is_used_up),
    *WAITING,
)


def play(player: Player, *openings: Callable[[Player], None]) -> None:
    """Play openings on a fresh company whose orders need approval above a low total."""
    player.thresholds = (DEAR,)
    player.open()
    for opening in openings:
        player.log.append(opening.__name__)
        for sku in ("A", "B", "GIFT"):
            player.receive(sku, 20)
        opening(player)
        player.rest()
