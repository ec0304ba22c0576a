"""What a warehouse system says is there, against what our movements say was there at that instant."""

from datetime import timedelta
from typing import Any

from soms.kit import clock

from tests.functions.test_counts import OTHER, SHELF, goods, limits, reasons
from tests.functions.test_refusals import refused
from tests.states import do
from tests.world import Answer, World

PATH = "/v1/stock-snapshots/wms-1"


def taken(**units: int) -> dict[str, Any]:
    """Return a snapshot as it is taken now."""
    lines = [{"sku": name.replace("_", "-"), "on_hand": count} for name, count in units.items()]
    return {"warehouse": "main", "taken_at": clock.stamp(clock.now()), "lines": lines}


def put(world: World, body: dict[str, Any], path: str = PATH) -> Answer:
    return world.call("PUT", path, body, **SHELF)


def differences(answer: Answer) -> dict[str, tuple[int, int, int]]:
    lines = answer.body["lines"]
    return {one["sku"]: (one["on_hand"], one["counted"], one["variance"]) for one in lines}


def test_a_snapshot_is_compared_with_what_was_there_then_and_changes_nothing(world: World) -> None:
    goods(world, A_1=10, A_2=5, A_3=3)
    world.drain()
    body = taken(A_1=9, A_2=5, NONE=4)
    goods(world, A_1=100)
    world.order(world.customer(), ("A-2", 2))
    world.drain()

    answer = put(world, body)

    assert (answer.status, answer.body["status"], answer.body["allowed"]) == (201, "compared", ["accept"])
    assert differences(answer) == {"A-1": (10, 9, -1)}
    assert (answer.body["matched"], answer.body["unknown"]) == (1, ["NONE"])
    assert world.on_shelf("A-1") == (110, 0, 110)
    assert world.call("GET", PATH, **SHELF).body == answer.body
    assert world.broken() == []


def test_what_a_complete_snapshot_does_not_name_was_not_there(world: World) -> None:
    goods(world, A_1=10, A_2=5, A_3=1)
    do(world, "/v1/stock/A-3/adjustments", {"delta": -1, "reason": "loss"}, **SHELF)
    world.call("PUT", "/v1/stock/A-2/reorder-rule", {"point": 50, "target": 60}, **SHELF)  # opens an alert
    world.drain()

    partial = put(world, taken(A_1=10), "/v1/stock-snapshots/partial")
    complete = put(world, taken(A_1=10) | {"complete": True})

    assert differences(partial) == {}
    assert differences(complete) == {"A-2": (5, 0, -5)}
    assert complete.body["lines"][0]["named"] is False


def test_the_same_snapshot_is_replayed_and_another_under_its_name_refused(world: World) -> None:
    goods(world, A_1=10)
    world.drain()
    body = taken(A_1=9)

    first, again = put(world, body), put(world, body)
    other = put(world, taken(A_1=8))

    assert (first.status, again.status, again.headers["Idempotency-Replayed"]) == (201, 200, "true")
    assert (again.body, again.headers["ETag"]) == (first.body, first.headers["ETag"])
    assert refused(other, 409, "duplicate_reference") == []
    assert len(world.call("GET", "/v1/counts").body["data"]) == 1


def test_a_snapshot_accepted_twice_is_posted_once_with_what_was_sold_since(world: World) -> None:
    goods(world, A_1=10, A_2=5)
    world.drain()
    body = taken(A_1=8, A_2=7)
    order = world.order(world.customer(), ("A-1", 3)).body["id"]
    do(world, f"/v1/orders/{order}/shipments", **SHELF)
    world.drain()
    put(world, body)

    accepted = world.call("POST", f"{PATH}/accept", {"skus": ["A-1"]}, key="one", **SHELF)
    replayed = world.call("POST", f"{PATH}/accept", {"skus": ["A-1"]}, key="one", **SHELF)
    again = world.call("POST", f"{PATH}/accept", {}, key="two", **SHELF)

    assert (accepted.status, accepted.body["status"], accepted.body["posted"]) == (200, "posted", 1)
    assert (replayed.headers["Idempotency-Replayed"], replayed.body) == ("true", accepted.body)
    assert (again.status, again.code) == (409, "invalid_state")
    assert (world.on_shelf("A-1"), world.on_shelf("A-2")) == ((5, 0, 5), (5, 0, 5))
    assert reasons(world, "A-1") == ["count", "ship", "reserve", "receipt"]
    assert world.broken() == []


def test_an_accepted_snapshot_above_the_limit_waits_for_somebody_else(world: World) -> None:
    goods(world, A_1=10)
    limits(world, count_approval_above_units=1)
    world.drain()
    put(world, taken(A_1=8))

    waiting = do(world, f"{PATH}/accept", **SHELF)
    own = world.call("POST", f"/v1/counts/{waiting['id']}/approve", {}, as_="admin", name="warehouse")
    approved = do(world, f"/v1/counts/{waiting['id']}/approve", **OTHER)

    assert (waiting["status"], approved["status"]) == ("pending_approval", "posted")
    assert refused(own, 403, "forbidden") == [(None, "own_request")]
    assert world.call("GET", PATH).body["reference"] == "wms-1"
    assert world.on_shelf("A-1") == (8, 0, 8)


def test_nothing_is_compared_while_the_movements_lag_behind(world: World) -> None:
    goods(world, A_1=10)
    world.drain()
    before = taken(A_1=10)
    world.stock("A-1", 5)

    lagging = put(world, taken(A_1=15))
    earlier = put(world, before, "/v1/stock-snapshots/before")
    world.drain()
    later = put(world, taken(A_1=15))

    assert (lagging.status, lagging.headers["Retry-After"]) == (503, "2")
    # The last movement known lies before that instant, too, and the next might.
    assert (earlier.status, later.status, differences(later)) == (503, 201, {})


def test_all_that_is_wrong_with_a_snapshot_is_told(world: World) -> None:
    goods(world, A_1=10)
    body = taken(A_1=10)
    tomorrow, long_ago = (clock.stamp(clock.now() + timedelta(days=days)) for days in (1, -32))
    line = {"sku": "A-1", "on_hand": 1}

    wrong = put(world, {"warehouse": "moon", "taken_at": tomorrow, "lines": [line, line]})
    early = put(world, body | {"taken_at": long_ago})
    naive = put(world, body | {"taken_at": "2026-11-24T09:00:00"})
    number = put(world, body | {"taken_at": 1_800_000_000})
    name = put(world, body, "/v1/stock-snapshots/a%20b")
    world.drain()
    put(world, taken(A_1=9))
    chosen = world.call("POST", f"{PATH}/accept", {"skus": ["A-2", "A-1", "A-1"]}, **SHELF)

    assert refused(wrong, 422, "invalid") == [
        ("/lines/1/sku", "duplicate"),
        ("/taken_at", "in_the_future"),
        ("/warehouse", "unknown_warehouse"),
    ]
    assert [answer.code for answer in (early, number)] == ["too_long_ago", "not_an_instant"]
    assert refused(naive, 422, "invalid") == [("/taken_at", "invalid")]
    assert refused(name, 422, "wrong_format") == [("/snapshot_id", "wrong_format")]
    assert refused(chosen, 422, "invalid") == [("/skus/2", "duplicate"), ("/skus/0", "no_difference")]
