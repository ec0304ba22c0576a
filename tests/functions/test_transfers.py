"""Goods between two warehouses: sent, received in parts, and what never arrives; none is lost sight of."""

from typing import Any

from soms.inventory import incoming
from soms.inventory.model import StockItem

from tests.engine import before_writing
from tests.functions.test_refusals import refused
from tests.world import World

WEST = "west"
PATH = "/v1/stock-transfers"


def two_sites(world: World, **units: int) -> None:
    """Open a second warehouse, and put goods on the shelves of the first."""
    assert world.call("PUT", f"/v1/warehouses/{WEST}", {"name": "West"}).status in {200, 201}
    for name, count in units.items():
        world.stock(world.product(name.replace("_", "-")), count)


def body(*lines: tuple[str, int], **more: object) -> dict[str, Any]:
    said = [{"sku": sku, "quantity": units} for sku, units in lines]
    return {"from": "main", "to": WEST, "lines": said, **more}


def send(world: World, *lines: tuple[str, int], **more: object) -> str:
    answer = world.call("POST", PATH, body(*lines, **more), as_="warehouse")
    assert answer.status == 201, answer.text
    return f"{PATH}/{answer.body['id']}"


def at(world: World, sku: str, warehouse: str) -> tuple[int, int, int]:
    """Return what is on hand, available and incoming."""
    rows = world.call("GET", f"/v1/stock/{sku}").body["warehouses"]
    row = next((one for one in rows if one["warehouse"] == warehouse), None)
    return (row["on_hand"], row["available"], row["incoming"]) if row else (0, 0, 0)


def noted(sku: str) -> list[tuple[int, str]]:
    """Return what is noted as on its way to the second warehouse."""
    found = incoming.of(StockItem(sku=sku, warehouse=WEST))
    return [(one.quantity, str(one.expected_on)) for one in found]


def units(world: World, path: str) -> tuple[str, int, int, int, int]:
    held = world.call("GET", path).body
    return held["status"], held["received"], held["returned"], held["lost"], held["in_transit"]


def test_a_transfer_is_received_in_parts_and_what_never_arrives_is_lost(world: World) -> None:
    two_sites(world, A_1=10, A_2=5)
    path = send(world, ("A-1", 6), ("A-2", 5), expected_on="2026-12-01")

    on_the_way = at(world, "A-1", "main"), at(world, "A-1", WEST), noted("A-1"), noted("A-2")
    part = {"lines": [{"sku": "A-1", "quantity": 4}]}
    received = world.call("POST", f"{path}/receipts", part, as_="warehouse")
    half = units(world, path), at(world, "A-1", WEST), noted("A-1")
    rest = {"lines": [{"sku": "A-2", "quantity": 5}]}
    world.call("POST", f"{path}/receipts", rest, as_="warehouse")
    closed = world.call("POST", f"{path}/close", {"reason": "fell off the lorry", "outcome": "lost"}, as_="warehouse")

    assert on_the_way == ((4, 4, 0), (0, 0, 6), [(6, "2026-12-01")], [(5, "2026-12-01")])
    assert (received.status, received.body["allowed"]) == (201, ["receive", "close"])
    assert half == (("partly_received", 4, 0, 0, 7), (4, 4, 2), [(2, "2026-12-01")])
    assert (closed.status, closed.body["status"], closed.body["allowed"]) == (200, "closed", [])
    assert units(world, path) == ("closed", 9, 0, 2, 0)
    assert (at(world, "A-1", WEST), at(world, "A-2", WEST), noted("A-1"), noted("A-2")) == ((4, 4, 0), (5, 5, 0), [], [])
    world.drain()
    there = world.call("GET", f"/v1/stock/A-1/movements?warehouse={WEST}").body["data"]
    assert [(one["reason"], one["delta"]) for one in there] == [
        ("loss", {"incoming": -2}),
        ("transfer", {"on_hand": 4, "available": 4, "incoming": -4}),
        ("transfer", {"incoming": 6}),
    ]
    assert world.broken() == []


def test_all_that_came_ends_a_transfer_and_no_more_can_come(world: World) -> None:
    two_sites(world, A_1=10)
    path = send(world, ("A-1", 6))

    received = world.call("POST", f"{path}/receipts", {}, as_="warehouse")
    again = world.call("POST", f"{path}/receipts", {}, as_="warehouse")
    closed = world.call("POST", f"{path}/close", {"reason": "none", "outcome": "lost"}, as_="warehouse")

    assert (received.status, received.body["status"], at(world, "A-1", WEST)) == (201, "received", (6, 6, 0))
    for answer in (again, closed):
        assert (answer.status, answer.code, answer.body["meta"]["allowed"]) == (409, "invalid_state", [])
    world.drain()
    assert world.broken() == []


def test_what_comes_back_lies_on_the_shelf_it_was_taken_from(world: World) -> None:
    two_sites(world, A_1=10)
    path = send(world, ("A-1", 6))
    world.call("POST", f"{path}/receipts", {"lines": [{"sku": "A-1", "quantity": 1}]}, as_="warehouse")

    world.call("POST", f"{path}/close", {"reason": "refused at the gate", "outcome": "returned"}, as_="warehouse")

    assert units(world, path) == ("closed", 1, 5, 0, 0)
    assert (at(world, "A-1", "main"), at(world, "A-1", WEST), noted("A-1")) == ((9, 9, 0), (1, 1, 0), [])
    world.drain()
    assert world.broken() == []


def test_every_sku_that_is_short_is_named_and_nothing_is_sent(world: World) -> None:
    two_sites(world, A_1=10, A_2=5, A_3=1)
    world.order(world.customer(), ("A-1", 8))

    answer = world.call("POST", PATH, body(("A-1", 3), ("A-3", 1), ("A-2", 6)), as_="warehouse")

    assert refused(answer, 409, "insufficient_stock") == [
        ("/lines/0/quantity", "insufficient_stock"),
        ("/lines/2/quantity", "insufficient_stock"),
    ]
    assert [(one["meta"]["sku"], one["meta"]["available"]) for one in answer.body["errors"]] == [("A-1", 2), ("A-2", 5)]
    assert (at(world, "A-3", "main"), noted("A-3")) == ((1, 1, 0), [])
    assert world.call("GET", PATH).body["data"] == []
    world.drain()
    assert world.broken() == []


def test_all_that_is_wrong_with_a_transfer_is_told_at_once(world: World) -> None:
    world.product("A-1")
    world.product("FREIGHT", stocked=False)
    lines = [{"sku": sku, "quantity": 1} for sku in ("A-1", "NONE", "FREIGHT", "A-1")]

    answer = world.call("POST", PATH, {"from": "moon", "to": "moon", "lines": lines}, as_="warehouse")

    assert refused(answer, 422, "invalid") == [
        ("/lines/3/sku", "duplicate"),
        ("/to", "same_warehouse"),
        ("/from", "unknown_warehouse"),
        ("/to", "unknown_warehouse"),
        ("/lines/1/sku", "unknown_sku"),
        ("/lines/2/sku", "not_stocked"),
    ]


def test_as_many_lines_as_one_transaction_takes_travel_and_no_more(world: World) -> None:
    names = [f"A_{number:02d}" for number in range(33)]
    two_sites(world, **dict.fromkeys(names, 2))
    lines = [(name.replace("_", "-"), 1) for name in names]

    many = world.call("POST", PATH, body(*lines), as_="warehouse")
    path = send(world, *lines[:32])
    closed = world.call("POST", f"{path}/close", {"reason": "no", "outcome": "returned"}, as_="warehouse")

    assert refused(many, 422, "too_many_lines") == [("/lines", "too_many_lines")]
    assert (closed.status, closed.body["returned"]) == (200, 32)
    world.drain()
    assert world.broken() == []


def test_more_than_is_on_its_way_does_not_arrive(world: World) -> None:
    two_sites(world, A_1=10, A_2=5)
    path = send(world, ("A-1", 6))
    more = {"lines": [{"sku": "A-1", "quantity": 7}, {"sku": "A-2", "quantity": 1}]}

    answer = world.call("POST", f"{path}/receipts", more, as_="warehouse")

    assert refused(answer, 422, "quantity_exceeds_transit") == [
        ("/lines/0/quantity", "quantity_exceeds_transit"),
        ("/lines/1/quantity", "quantity_exceeds_transit"),
    ]
    assert at(world, "A-1", WEST) == (0, 0, 6)


def test_transfers_are_listed_newest_first_and_by_state(world: World) -> None:
    two_sites(world, A_1=10)
    first, second = send(world, ("A-1", 1)), send(world, ("A-1", 2))
    world.call("POST", f"{first}/receipts", {}, as_="warehouse")

    everything = world.call("GET", PATH, as_="auditor").body
    page = world.call("GET", f"{PATH}?limit=1").body
    rest = world.call("GET", f"{PATH}?limit=1&cursor={page['next_cursor']}").body
    received = world.call("GET", f"{PATH}?status=received", as_="purchasing").body["data"]

    found = [f"{PATH}/{one['id']}" for one in everything["data"]]
    assert (found, everything["next_cursor"]) == ([second, first], None)
    assert [page["data"][0]["quantity"], rest["data"][0]["quantity"], rest["next_cursor"]] == [2, 1, None]
    assert [(one["id"], "lines" in one) for one in received] == [(first.rpartition("/")[2], False)]


def test_a_stale_version_moves_nothing(world: World) -> None:
    two_sites(world, A_1=10)
    path = send(world, ("A-1", 6))
    tag = world.call("GET", path).headers["ETag"]
    part = {"lines": [{"sku": "A-1", "quantity": 1}]}

    first = world.call("POST", f"{path}/receipts", part, as_="warehouse", headers={"If-Match": tag})
    stale = world.call("POST", f"{path}/receipts", part, as_="warehouse", headers={"If-Match": tag})

    assert (first.status, first.headers["ETag"], tag) == (201, '"2.0"', '"1.0"')
    assert refused(stale, 412, "version_mismatch") == []
    assert units(world, path)[1] == 1


def test_what_is_on_its_way_counts_for_reordering_where_it_goes(world: World) -> None:
    two_sites(world, A_1=20)
    rule = {"warehouse": WEST, "point": 5, "target": 10}
    world.call("PUT", "/v1/stock/A-1/reorder-rule", rule, as_="warehouse")
    world.drain()
    low = [one["warehouse"] for one in world.call("GET", "/v1/stock-alerts").body["data"]]

    send(world, ("A-1", 6))
    world.drain()

    assert low == [WEST]
    assert world.call("GET", "/v1/stock-alerts").body["data"] == []
    assert world.broken() == []


def test_of_two_receipts_at_once_the_second_has_what_is_left(world: World) -> None:
    two_sites(world, A_1=10)
    path = send(world, ("A-1", 6))
    part = {"lines": [{"sku": "A-1", "quantity": 4}]}

    before_writing(lambda: world.call("POST", f"{path}/receipts", part, as_="warehouse"))
    late = world.call("POST", f"{path}/receipts", part, as_="warehouse")
    rest = world.call("POST", f"{path}/receipts", {}, as_="warehouse")

    assert refused(late, 422, "quantity_exceeds_transit") == [("/lines/0/quantity", "quantity_exceeds_transit")]
    assert (rest.body["received"], at(world, "A-1", WEST)) == (6, (6, 6, 0))
    world.drain()
    assert world.broken() == []
