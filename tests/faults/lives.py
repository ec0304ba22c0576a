"""What is done with orders under faults: every command of their lives, from the state that it needs."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from soms.kit.problems import Problem

from tests import states
from tests.commands import OTHER, Step, change, place, post, swap
from tests.faults.stories import Found, Plot, Story, found
from tests.states import BIG, INSPECTED, WHY, Case, Ready, later, lines, under
from tests.world import Answer, Context, World, module


def place_later(world: World, case: Case, key: str) -> Answer:
    """Order more than there is, as long as the quote that is over keeps its part."""
    with later():
        return world.order(case.customer, (case.sku, 8), key=key)


def batch(world: World, case: Case, key: str) -> Answer:
    bodies = [
        {"customer_id": case.customer, "lines": [{"sku": case.sku, "quantity": units}]} for units in (1, 2)
    ]
    answer = world.call("POST", "/v1/orders/batch", {"orders": bodies}, key=key)
    if answer.status != 200:
        return answer
    # An order of the batch that was not to be had just now is told in its place, to be sent again.
    told = {one["problem"]["status"] for one in answer.body["results"] if "problem" in one}
    return replace(answer, status=max(told), headers={"Retry-After": "1"}) if told else answer


def expire(_world: World, _case: Case, _key: str) -> Any:
    """Let the schedule come round; a run that fails says nothing, and the next one goes on."""
    with later(), suppress(Problem, BotoCoreError, ClientError):
        return module("expiry").handler({"action": "expire"}, Context())


def life(name: str, ready: Ready, step: Step, expected: Found, *, by: str = "client") -> Plot:
    def make(world: World, number: str) -> Callable[[], Story]:
        # What a schedule does is done to all there is: there, each case is made when its turn has come.
        case = ready(world, number) if by == "client" else None

        def begin() -> Story:
            mine = case or ready(world, number)
            return Story(lambda: step(world, mine, number), lambda: found(world, mine.sku, mine.customer))

        return begin

    return Plot(name, make, expected, by)


def become(*states: str, shelf: tuple[int, int], owes: str, **more: object) -> Found:
    on_hand, reserved = shelf
    shown = (on_hand, reserved, on_hand - reserved)
    return {"states": sorted(states), "shelf": shown, "owes": owes, "kept": [], "letters": False, **more}


FREE, THREE, FIVE = (10, 0), (10, 3), (10, 5)
BACK = "/v1/returns/{part}"
LIVES = (
    life("draft", states.goods, place(3, status="draft"), become("draft", shelf=FREE, owes="0")),
    life(
        "submit",
        under(BIG, states.goods),
        place(5),
        become("pending_approval", shelf=FREE, owes="0"),
    ),
    life("batch", states.goods, batch, become("confirmed", "confirmed", shelf=THREE, owes="33.90")),
    life(
        "quote",
        states.drafted,
        post("{order}/quote", {"valid_days": 7, "reserve": True}),
        become("quoted", shelf=THREE, owes="0", kept=[3]),
    ),
    life("revise", states.quoted, post("{order}/revise", WHY), become("draft", shelf=FREE, owes="0")),
    life("accept", states.quoted, post("{order}/accept"), become("confirmed", shelf=THREE, owes="33.90")),
    life(
        "accept-and-wait",
        states.quoted_for_an_approval,
        post("{order}/accept"),
        become("pending_approval", shelf=FIVE, owes="0", kept=[5]),
    ),
    life("lose", states.quoted, post("{order}/lose", WHY), become("lost", shelf=FREE, owes="0")),
    life(
        "confirm", states.drafted, post("{order}/confirm"), become("confirmed", shelf=THREE, owes="33.90")
    ),
    life("discard", states.drafted, post("{order}/discard"), become("discarded", shelf=FREE, owes="0")),
    life(
        "approve",
        states.waiting,
        post("{order}/approve", WHY, **OTHER),
        become("confirmed", shelf=FIVE, owes="56.50"),
    ),
    life(
        "approve-in-part",
        states.waiting_for_two,
        post("{order}/approve", **OTHER),
        become("pending_approval", shelf=FREE, owes="0", orders=[2]),
    ),
    life(
        "approve-an-amendment",
        states.proposed,
        post("{order}/approve", **OTHER),
        become("confirmed", shelf=FIVE, owes="56.50"),
    ),
    life(
        "reject", states.waiting, post("{order}/reject", WHY, **OTHER), become("draft", shelf=FREE, owes="0")
    ),
    life(
        "reject-an-amendment",
        states.proposed,
        post("{order}/reject", WHY, **OTHER),
        become("confirmed", shelf=THREE, owes="33.90"),
    ),
    life("recall", states.waiting, post("{order}/recall", WHY), become("draft", shelf=FREE, owes="0")),
    life(
        "amend-a-draft", states.drafted, change(lines(4)), become("draft", shelf=FREE, owes="0", orders=[2])
    ),
    life(
        "amend-more",
        states.ordered,
        change(lines(5)),
        become("confirmed", shelf=FIVE, owes="56.50", invoices=["22.60", "33.90"]),
    ),
    life(
        "amend-less",
        states.ordered,
        change(lines(2)),
        become("confirmed", shelf=(10, 2), owes="22.60", credit_notes=["11.30"]),
    ),
    life(
        "amend-the-price",
        states.ordered,
        change(lines(3, unit_price="9.00")),
        become("confirmed", shelf=THREE, owes="30.51", credit_notes=["33.90"]),
    ),
    life(
        "amend-to-nothing",
        states.ordered,
        change(lines(0)),
        become("cancelled", shelf=FREE, owes="0.00", credit_notes=["33.90"]),
    ),
    life(
        "propose",
        under(BIG, states.ordered),
        change(lines(5)),
        become("confirmed", shelf=THREE, owes="33.90", orders=[2]),
    ),
    life(
        "cancel-all",
        states.ordered,
        post("{order}/cancel", WHY),
        become("cancelled", shelf=FREE, owes="0.00", credit_notes=["33.90"]),
    ),
    life(
        "close",
        states.begun,
        post("{order}/close", WHY),
        become("closed", shelf=(9, 0), owes="11.30", credit_notes=["22.60"]),
    ),
    life("reopen", states.closed, post("{order}/reopen"), become("confirmed", shelf=(9, 0), owes="11.30")),
    life(
        "hold",
        states.ordered,
        post("{order}/holds", {"kind": "manual", **WHY}),
        become("confirmed", shelf=THREE, owes="33.90", orders=[2]),
    ),
    life(
        "release",
        states.held,
        post("{order}/holds/{part}/release"),
        become("confirmed", shelf=THREE, owes="33.90", orders=[3]),
    ),
    life(
        "ship-all",
        states.ordered,
        post("{order}/shipments"),
        become("confirmed", shelf=(7, 0), owes="33.90", shipments=1),
    ),
    life(
        "hear",
        states.shipped,
        post("/v1/shipments/{part}/events", {"status": "delivered"}),
        become("confirmed", shelf=(7, 0), owes="33.90", shipments=1),
    ),
    life(
        "print-confirmation",
        states.ordered,
        post("{order}/documents", {"kind": "order_confirmation"}),
        become("confirmed", shelf=THREE, owes="33.90", orders=[1]),
    ),
    life(
        "print-note",
        states.shipped,
        post("/v1/shipments/{part}/documents", {"kind": "delivery_note"}),
        become("confirmed", shelf=(7, 0), owes="33.90", shipments=1),
    ),
    life(
        "ask-back",
        states.shipped,
        post("{order}/returns", lines(2, reason="worn")),
        become("confirmed", shelf=(7, 0), owes="33.90"),
    ),
    life(
        "agree", states.asked_back, post(f"{BACK}/approve"), become("confirmed", shelf=(7, 0), owes="33.90")
    ),
    life(
        "refuse",
        states.asked_back,
        post(f"{BACK}/reject", WHY),
        become("confirmed", shelf=(7, 0), owes="33.90"),
    ),
    life(
        "call-off",
        states.agreed,
        post(f"{BACK}/cancel", WHY),
        become("confirmed", shelf=(7, 0), owes="33.90"),
    ),
    life(
        "receive", states.agreed, post(f"{BACK}/receive"), become("confirmed", shelf=(7, 0), owes="33.90")
    ),
    life(
        "inspect",
        states.received,
        post(f"{BACK}/inspect", {"lines": [INSPECTED]}),
        become("confirmed", shelf=(8, 0), owes="33.90"),
    ),
    life(
        "credit",
        states.inspected,
        post(f"{BACK}/resolve", {"resolution": "credit"}),
        become("confirmed", shelf=(8, 0), owes="11.30", credit_notes=["22.60"]),
    ),
    life(
        "resolve-by-nothing",
        states.inspected,
        post(f"{BACK}/resolve", {"resolution": "none"}),
        become("confirmed", shelf=(8, 0), owes="33.90", credit_notes=[]),
    ),
    life(
        "exchange",
        states.inspected,
        swap(1),
        become("confirmed", "confirmed", shelf=(8, 1), owes="22.60", credit_notes=["22.60"]),
    ),
    life("expire", states.quoted, expire, become("expired", shelf=FREE, owes="0"), by="schedule"),
    life(
        "reclaim",
        lambda w, n: states.quoted(w, n, 8),
        place_later,
        become("expired", "confirmed", shelf=(10, 8), owes="90.40"),
    ),
)
