"""What is done under faults where goods are short: orders that wait, counts that take, goods that are given."""

from dataclasses import replace

from tests import states
from tests.commands import Step, change, place, post
from tests.faults.lives import become, life
from tests.faults.stories import followed
from tests.states import Case, lines
from tests.world import World

MAY_WAIT: dict[str, object] = {"backorder": "allow"}
OWED = "135.60"


def short(world: World, name: str) -> Case:
    """Make an order of more than there is, which waits for the rest."""
    case = states.goods(world, name)
    placed = world.order(case.customer, (case.sku, 12), body=MAY_WAIT)
    assert placed.status == 201, placed.text
    return replace(case, order=placed.body["id"])


def moved(**body: object) -> Step:
    """Change by hand what lies on the shelf."""
    return lambda world, case, key: world.call("POST", f"/v1/stock/{case.sku}/adjustments", body, key=key)


PLACE = life(
    "place-and-wait",
    states.goods,
    place(12, **MAY_WAIT),
    become("confirmed", shelf=(10, 10), owes=OWED, queue=[2], backordered=2),
)
CANCEL = life(
    "cancel-what-waits",
    short,
    post("{order}/cancel", lines(5)),
    become("confirmed", shelf=(10, 7), owes="79.10", queue=[], backordered=0),
)
COUNT = life(
    "count-below-reserved",
    states.ordered,
    moved(counted=2, reason="count"),
    become("confirmed", shelf=(2, 2), owes="33.90", queue=[1], backordered=1, told_sales=True),
)
RECEIVE = life(
    "receive-for-who-waits",
    short,
    moved(delta=5, reason="receipt"),
    become("confirmed", shelf=(15, 12), owes=OWED, queue=[], backordered=0),
)
COMMANDS = (
    PLACE,
    life(
        "amend-and-wait",
        states.ordered,
        change(MAY_WAIT | lines(12)),
        become(
            "confirmed", shelf=(10, 10), owes=OWED, queue=[2], backordered=2, invoices=["101.70", "33.90"]
        ),
    ),
    CANCEL,
    COUNT,
    life(
        "count-what-a-quote-keeps",
        states.quoted,
        moved(delta=-8, reason="loss"),
        become("quoted", shelf=(2, 2), owes="0", queue=[], backordered=0, told_sales=True) | {"kept": [2]},
    ),
    RECEIVE,
)
CONSUMERS = (
    followed("queueing", "stock", "ORDERS_TABLE", PLACE),
    followed("unqueueing", "stock", "ORDERS_TABLE", CANCEL),
    followed("filling", "replenishment", "INVENTORY_TABLE", RECEIVE),
    followed("telling-sales", "replenishment", "INVENTORY_TABLE", COUNT),
)
