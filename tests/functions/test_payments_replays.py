"""Every command with money, sent again with its key: the first outcome again, and nothing moves."""

from typing import Any

import pytest
from soms.kit.access import ROUTES

from tests.faults.payments import CLERK, MANAGER, PAYMENTS
from tests.faults.stories import Plot
from tests.functions.test_events import stored
from tests.functions.test_payments import billed, pay
from tests.functions.test_payments_refunds import limited
from tests.world import World

WRONG = "another one"


@pytest.mark.parametrize("plot", PAYMENTS, ids=lambda plot: plot.name)
def test_a_command_sent_again_says_the_same_and_moves_nothing(world: World, plot: Plot) -> None:
    prepared = plot.make(world, "again")
    world.drain()
    story = prepared()

    first = story.send()
    world.drain()
    kept = stored()
    again = story.send()

    assert again.status == first.status, again.text
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.body["id"] == first.body["id"]
    assert stored() == kept
    assert {name: story.found()[name] for name in plot.expected if name != "letters"} == {
        name: value for name, value in plot.expected.items() if name != "letters"
    }
    assert world.broken() == []


def _commands(world: World) -> dict[str, tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]]:
    """Return by route its path, what is said under a key, what else, and who says it."""
    limited(world, "10.00")
    customer, (owed, other) = billed(world, "100.00", "50.00")
    payment = pay(world, "40.00", customer_id=customer, allocations="none", method="cheque").body
    cheque = pay(world, "40.00", customer_id=customer, allocations="none", method="cheque").body
    refund = {"amount": "1.00", "reason": "twice", "reference": "B"}
    paid, given_up = f"/v1/payments/{payment['id']}", f"/v1/invoices/{owed['id']}/write-offs"
    asked = [
        world.call("POST", f"{paid}/refunds", refund | {"amount": "11.00", "reference": name}, **CLERK).body
        for name in "XY"
    ]
    lost = world.call("POST", given_up, {"amount": "1.00", "reason": "bad_debt"}, **MANAGER).body
    whole = refund | {"customer_id": customer, "currency": "CNY", "reference": "C"}
    money = {"customer_id": customer, "amount": "1.00", "currency": "CNY", "method": "cheque"}
    named = {"allocations": [{"invoice_id": other["id"], "amount": "1.00"}]}
    why, note = {"reason": WRONG}, {"note": WRONG}
    return {
        "POST /v1/payments": ("/v1/payments", money | {"reference": "P"}, note, CLERK),
        "POST /v1/payments/{payment_id}/allocations": (f"{paid}/allocations", named, why, CLERK),
        "POST /v1/payments/{payment_id}/refunds": (f"{paid}/refunds", refund, why, CLERK),
        "POST /v1/payments/{payment_id}/bounce": (
            f"/v1/payments/{cheque['id']}/bounce",
            {"reason": "no funds"},
            why,
            CLERK,
        ),
        "POST /v1/refunds": ("/v1/refunds", whole, why, CLERK),
        "POST /v1/refunds/{refund_id}/approve": (f"/v1/refunds/{asked[0]['id']}/approve", {}, why, MANAGER),
        "POST /v1/refunds/{refund_id}/reject": (f"/v1/refunds/{asked[1]['id']}/reject", {}, why, MANAGER),
        "POST /v1/write-offs/{write_off_id}/reverse": (
            f"/v1/write-offs/{lost['id']}/reverse",
            {},
            why,
            MANAGER,
        ),
        "POST /v1/invoices/{invoice_id}/write-offs": (
            given_up,
            {"amount": "1.00", "reason": "bad_debt"},
            note,
            MANAGER,
        ),
    }


def test_another_body_under_the_same_key_is_refused(world: World) -> None:
    commands = _commands(world)
    told = {}

    for route, (path, body, other, who) in commands.items():
        first = world.call("POST", path, body, key="the-same", **who)
        again = world.call("POST", path, body, key="the-same", **who)
        changed = world.call("POST", path, body | other, key="the-same", **who)
        told[route] = first.status in {200, 201}, again.status == first.status, changed.code

    assert told == dict.fromkeys(commands, (True, True, "idempotency_key_reused"))
    world.drain()
    assert world.broken() == []


def test_every_command_with_money_is_here(world: World) -> None:
    posts = {one for one in ROUTES["payments"] if one.startswith("POST")}

    # Printing says nothing but the kind: test_papers.py repeats it.
    printed = {"POST /v1/payments/{payment_id}/documents"}
    assert (posts - printed) | {"POST /v1/invoices/{invoice_id}/write-offs"} == set(_commands(world))
