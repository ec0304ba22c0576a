"""Suggestions and purchase orders: from what runs low to what lies on the shelf, and what is still to come."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, datetime, timedelta
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest
from soms.inventory import incoming, purchase_store
from soms.inventory.model import StockItem
from soms.kit import aws, clock

from tests.engine import before_writing
from tests.functions.test_alerts import digest, listed, low, rule, seen, states, step
from tests.functions.test_paging import walk
from tests.functions.test_refusals import refused
from tests.functions.test_sweep import after, forget, movements, swept, timeless  # noqa: F401 a fixture
from tests.world import Answer, World

Row = dict[str, Any]
PATH = "/v1/purchase-orders"
DAY = "2099-01-01"
ZH = {"Accept-Language": "zh"}


def goods(world: World, *skus: str, units: int = 0) -> None:
    for sku in skus:
        world.product(sku)
        if units:
            world.stock(sku, units)


def buy(world: World, *lines: tuple[str, int], day: str = DAY, **more: Any) -> Answer:
    rows = [{"sku": sku, "quantity": units, "unit_cost": "4.5"} for sku, units in lines]
    body = {"supplier": "ACME", "lines": rows, "expected_on": day, **more.pop("body", {})}
    return world.call("POST", PATH, body, **more)


def bought(world: World, *lines: tuple[str, int], **more: Any) -> str:
    answer = buy(world, *lines, **more)
    assert answer.status == 201, answer.text
    return f"{PATH}/{answer.body['id']}"


def came(world: World, order: str, *lines: tuple[int, int], **more: Any) -> Answer:
    said = {"lines": [{"line": line, "quantity": units} for line, units in lines]} if lines else {}
    return world.call("POST", f"{order}/receipts", said | more.pop("body", {}), **more)


def changed(world: World, order: str, body: object, match: str = "*", **more: Any) -> Answer:
    return world.call("PATCH", order, body, headers={"If-Match": match, **more.pop("headers", {})}, **more)


def shelf(world: World, sku: str) -> tuple[int, int, list[tuple[int, str]]]:
    """Return what lies there, what is on its way, and when how much of it is expected."""
    body = world.call("GET", f"/v1/stock/{sku}").body
    coming = [(one["quantity"], one["expected_on"]) for row in body["warehouses"] for one in row["expected"]]
    assert sum(units for units, _ in coming) == body["incoming"]
    return body["on_hand"], body["incoming"], coming


def settled(world: World) -> None:
    """Check that the books hold once the streams are worked off."""
    world.drain()
    assert world.broken() == []


def lines_of(answer: Answer) -> list[tuple[int, int, int, int]]:
    return [
        (one["quantity"], one["received"], one["cancelled"], one["open"]) for one in answer.body["lines"]
    ]


def today() -> date:
    return datetime.now(ZoneInfo("Asia/Shanghai")).date()


def at(day: date) -> AbstractContextManager[object]:
    """Let it be noon in Shanghai on a day."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo("Asia/Shanghai"))
    return patch.object(clock, "now", lambda: noon)


def test_from_an_alert_to_the_shelf(world: World) -> None:
    low(world, pack=6, supplier="ACME", lead_time_days=7)
    alert = listed(world, "open")[0]["id"]

    (row,) = world.call("GET", "/v1/purchase-suggestions", as_="purchasing").body["data"]
    placed = buy(world, ("A-1", row["quantity"]), day=row["expected_on"], as_="purchasing")
    order = f"{PATH}/{placed.body['id']}"
    on_its_way = (seen(world, alert)["status"], shelf(world, "A-1"))
    first = came(world, order, (1, 12), as_="warehouse", body={"reference": "DN-1"})
    rest = came(world, order, as_="warehouse")
    now = world.call("GET", order)

    assert row == {
        "sku": "A-1", "name": "Product A-1", "warehouse": "main", "quantity": 18, "position": 7, "on_hand": 7,
        "reserved": 0, "incoming": 0, "backordered": 0, "point": 8, "target": 20, "minimum": 1, "pack": 6,
        "lead_time_days": 7, "supplier": "ACME", "alert_id": alert,
        "expected_on": str(today() + timedelta(days=7)), "reason": row["reason"],
    }  # fmt: skip
    assert placed.body["number"] == f"PO-{today():%Y%m%d}-{placed.body['number'][-8:]}"
    assert (placed.body["status"], placed.body["created_by"]) == ("ordered", "purchasing")
    assert on_its_way == ("ordered", (7, 18, [(18, row["expected_on"])]))
    assert (first.status, first.body["status"], first.body["reference"]) == (201, "partly_received", "DN-1")
    assert (rest.body["status"], rest.body["lines"][0]["quantity"]) == ("received", 6)
    assert (now.body["status"], now.body["receipts"], lines_of(now)) == ("received", 2, [(18, 18, 0, 0)])
    assert shelf(world, "A-1") == (25, 0, [])
    assert [one["id"] for one in walk(world, f"{order}/receipts")] == [rest.body["id"], first.body["id"]]
    settled(world)
    assert states(world) == {"resolved": 1}


def test_what_came_is_a_receipt_with_its_cost(world: World) -> None:
    goods(world, "A-1", "B-1")
    order = bought(world, ("A-1", 5), ("B-1", 5))

    came(world, order, (1, 2))
    body = {"lines": [{"line": 1, "quantity": 3, "unit_cost": "5.125"}, {"line": 2, "quantity": 5}]}
    world.call("POST", f"{order}/receipts", body)
    settled(world)

    told = [
        (one["reason"], one["delta"], one.get("unit_cost"))
        for one in world.call("GET", "/v1/stock/A-1/movements").body["data"]
    ]
    assert told == [
        ("receipt", {"on_hand": 3, "available": 3, "incoming": -3}, "5.125"),
        ("receipt", {"on_hand": 2, "available": 2, "incoming": -2}, "4.5"),
        ("incoming", {"incoming": 5}, None),
    ]


def test_movements_of_purchases_that_were_lost_are_rebuilt(swept: World) -> None:  # noqa: F811
    goods(swept, "A-1")
    order = bought(swept, ("A-1", 5))
    came(swept, order, (1, 2))
    changed(swept, order, {"lines": [{"line": 1, "quantity": 4}]})
    swept.call("POST", f"{order}/close", {"reason": "sold out"})
    swept.drain()
    whole = movements()
    forget(whole)

    done = after()

    assert done == {"ledger": 4}
    assert timeless(movements()) == timeless(whole)
    assert [(one["reason"], one["delta"].get("incoming")) for one in whole] == [
        ("incoming", 5),
        ("receipt", -2),
        ("incoming", -1),
        ("incoming", -2),
    ]


def test_more_than_is_open_never_comes(world: World) -> None:
    goods(world, "A-1", "B-1")
    order = bought(world, ("A-1", 5), ("B-1", 5))
    came(world, order, (1, 4))

    answer = came(world, order, (1, 2), (2, 6), (3, 1))
    twice = came(world, order, (2, 1), (2, 1))

    assert refused(answer, 422, "invalid") == [
        ("/lines/2/line", "unknown_line"),
        ("/lines/0/quantity", "quantity_exceeds_ordered"),
        ("/lines/1/quantity", "quantity_exceeds_ordered"),
    ]
    assert [one["meta"] for one in answer.body["errors"]] == [{}, {"most": 1}, {"most": 5}]
    assert refused(came(world, order, (1, 2)), 422, "quantity_exceeds_ordered") == [
        ("/lines/0/quantity", "quantity_exceeds_ordered")
    ]
    assert refused(twice, 422, "duplicate_line") == [("/lines/1/line", "duplicate_line")]
    assert (shelf(world, "A-1")[:2], shelf(world, "B-1")[:2]) == ((4, 1), (0, 5))


def test_a_delivery_told_twice_with_one_key_is_one(world: World) -> None:
    goods(world, "A-1")
    order = bought(world, ("A-1", 5))

    first, again = (came(world, order, (1, 2), key="dn-1") for _ in range(2))
    came(world, order)
    late = came(world, order, (1, 2), key="dn-1")

    assert (again.status, again.body, again.headers["Idempotency-Replayed"]) == (201, first.body, "true")
    assert (late.status, late.body["id"], late.body["status"]) == (201, first.body["id"], "received")
    assert shelf(world, "A-1") == (5, 0, [])
    settled(world)


def test_of_two_who_receive_the_same_at_once_one_is_told_that_it_has_come(world: World) -> None:
    goods(world, "A-1")
    order = bought(world, ("A-1", 5))
    others: list[Answer] = []

    before_writing(lambda: others.append(came(world, order, (1, 3), as_="warehouse")))
    mine = came(world, order, (1, 3))
    before_writing(lambda: others.append(came(world, order, as_="warehouse")))
    rest = came(world, order)

    assert [one.status for one in others] == [201, 201]
    refused(mine, 422, "quantity_exceeds_ordered")
    refused(rest, 409, "invalid_state")
    assert shelf(world, "A-1") == (5, 0, [])
    settled(world)


def test_what_two_receive_at_once_is_all_counted(world: World) -> None:
    goods(world, "A-1")
    order = bought(world, ("A-1", 5))
    others: list[Answer] = []

    before_writing(lambda: others.append(came(world, order, (1, 2), as_="warehouse")))
    mine = came(world, order, (1, 2))

    assert (mine.status, others[0].status, mine.body["id"] != others[0].body["id"]) == (201, 201, True)
    assert lines_of(world.call("GET", order)) == [(5, 4, 0, 1)]
    assert shelf(world, "A-1") == (4, 1, [(1, DAY)])
    assert len(walk(world, f"{order}/receipts")) == 2
    settled(world)


def test_an_order_cut_down_to_what_came_is_received(world: World) -> None:
    goods(world, "A-1", "B-1")
    order = bought(world, ("A-1", 5), ("B-1", 4))
    came(world, order, (1, 3))

    below = changed(world, order, {"lines": [{"line": 1, "quantity": 2}]})
    cut = changed(
        world, order, {"lines": [{"line": 1, "quantity": 3}, {"line": 2, "quantity": 0}]}, '"2.0"'
    )
    stale = changed(world, order, {"note": "x"}, '"2.0"')
    over = came(world, order)

    assert refused(below, 422, "quantity_below_received") == [("/lines/0/quantity", "quantity_below_received")]
    assert (cut.status, cut.body["status"], cut.headers["ETag"]) == (200, "received", '"3.0"')
    assert lines_of(cut) == [(3, 3, 0, 0), (0, 0, 0, 0)]
    refused(stale, 412, "version_mismatch")
    refused(over, 409, "invalid_state")
    assert (shelf(world, "A-1"), shelf(world, "B-1")) == ((3, 0, []), (0, 0, []))
    settled(world)


def test_a_change_needs_the_version_it_was_decided_on_and_must_leave_something(world: World) -> None:
    goods(world, "A-1")
    order = bought(world, ("A-1", 5))

    blind = world.call("PATCH", order, {"note": "x"})
    nothing = changed(world, order, {"lines": [{"line": 1, "quantity": 0}]})
    wrong = changed(world, order, {"lines": [{"line": 2, "quantity": 1}], "colour": "red"})

    refused(blind, 428, "precondition_required")
    refused(nothing, 422, "nothing_ordered")
    assert refused(wrong, 422, "unknown_field") == [("/colour", "unknown_field")]
    assert shelf(world, "A-1") == (0, 5, [(5, DAY)])


def test_what_is_expected_follows_an_order_that_is_put_off_or_enlarged(world: World) -> None:
    goods(world, "A-1")
    early = bought(world, ("A-1", 5), day="2099-01-02")
    bought(world, ("A-1", 3), day="2099-01-03")
    before = world.call("GET", "/v1/stock/A-1").headers["ETag"]

    put_off = changed(world, early, {"expected_on": "2099-02-01", "note": "strike"})
    told = world.call("GET", "/v1/stock/A-1", headers={"If-None-Match": before})
    later = shelf(world, "A-1")
    changed(world, early, {"lines": [{"line": 1, "quantity": 9}]})
    more = shelf(world, "A-1")
    changed(world, early, {"note": None})

    assert (put_off.body["expected_on"], put_off.body["note"]) == ("2099-02-01", "strike")
    assert told.status == 200
    assert later == (0, 8, [(3, "2099-01-03"), (5, "2099-02-01")])
    assert more == (0, 12, [(3, "2099-01-03"), (9, "2099-02-01")])
    assert world.call("GET", early).body["note"] is None
    settled(world)


def test_what_is_closed_or_cancelled_is_expected_no_more(world: World) -> None:
    goods(world, "A-1")
    begun, untouched = bought(world, ("A-1", 5)), bought(world, ("A-1", 4))
    came(world, begun, (1, 2))

    too_late = world.call("POST", f"{begun}/cancel")
    no_reason = world.call("POST", f"{begun}/close")
    closed = world.call("POST", f"{begun}/close", {"reason": "sold out"})
    cancelled = world.call("POST", f"{untouched}/cancel", {"reason": "mistake"})
    again = world.call("POST", f"{untouched}/close", {"reason": "x"})

    assert refused(too_late, 409, "invalid_state") == []
    assert too_late.body["meta"] == {"state": "partly_received", "allowed": ["change", "receive", "close"]}
    assert refused(no_reason, 422, "required") == [("/reason", "required")]
    assert (closed.body["status"], closed.body["reason"]) == ("closed", "sold out")
    assert (lines_of(closed), closed.body["allowed"]) == ([(5, 2, 3, 0)], [])
    assert (cancelled.body["status"], lines_of(cancelled)) == ("cancelled", [(4, 0, 4, 0)])
    refused(again, 409, "invalid_state")
    assert shelf(world, "A-1") == (2, 0, [])
    settled(world)


def test_what_is_overdue_on_the_companys_day_is_late_and_named_in_the_digest(world: World) -> None:
    goods(world, "A-1")
    order = bought(world, ("A-1", 5), day="2026-12-10")
    number = world.call("GET", order).body["number"]
    done = bought(world, ("A-1", 5), day="2026-12-01")
    came(world, done)

    with at(date(2026, 12, 10)):
        on_time = world.call("GET", order)
        quiet = digest(world)
    with at(date(2026, 12, 13)):
        late = world.call("GET", order, headers={"If-None-Match": on_time.headers["ETag"]})
        rows = world.call("GET", PATH).body["data"]
        (letter,) = digest(world)
    midnight = datetime(2026, 12, 10, 16, 0, tzinfo=ZoneInfo("UTC"))
    with patch.object(clock, "now", lambda: midnight):
        just = world.call("GET", order).body

    assert (on_time.body["late"], on_time.body["days_late"], quiet) == (False, 0, [])
    assert (late.status, late.body["late"], late.body["days_late"]) == (200, True, 3)
    assert [(one["late"], one["days_late"]) for one in rows] == [(False, 0), (True, 3)]
    assert (just["late"], just["days_late"]) == (True, 1)
    assert letter["Subject"] == "SOMS: 0 stock alerts, 1 late purchase orders"
    assert f"{number} ACME: expected on 2026-12-10, 3 days late" in letter["Message"]
    assert "应于 2026-12-10 到货，已逾期 3 天" in letter["Message"]


def test_purchase_orders_are_listed_newest_first_by_state_and_supplier(world: World) -> None:
    goods(world, "A-1")
    orders = [bought(world, ("A-1", 2), body={"supplier": f"S-{number % 2}"}) for number in range(5)]
    came(world, orders[0], (1, 1))
    came(world, orders[1])

    def ids(filters: str) -> list[int]:
        return [orders.index(f"{PATH}/{one['id']}") for one in walk(world, f"{PATH}{filters}")]

    assert ids("") == [4, 3, 2, 1, 0]
    assert ids("?status=ordered") == [4, 3, 2]
    assert ids("?supplier=S-1") == [3, 1]
    assert ids("?supplier=S-1&status=received") == [1]
    assert ids("?supplier=S-2") == []
    row = world.call("GET", f"{PATH}?status=partly_received").body["data"][0]
    whole = world.call("GET", orders[0]).body
    assert row == {name: value for name, value in whole.items() if name != "lines"}
    refused(world.call("GET", f"{PATH}?status=open"), 400, "invalid_parameter")


def test_everything_wrong_with_a_purchase_order_is_told_at_once(world: World) -> None:
    goods(world, "A-1")
    world.product("FREIGHT", stocked=False)
    world.product("OLD", active=False)
    lines = [
        {"sku": "A-1", "quantity": 1},
        {"sku": "NO", "quantity": 1},
        {"sku": "FREIGHT", "quantity": 1},
        {"sku": "OLD", "quantity": 1, "warehouse": "mars"},
        {"sku": "A-1", "quantity": 2},
    ]

    answer = world.call("POST", PATH, {"supplier": "ACME", "warehouse": "moon", "lines": lines, "expected_on": DAY})
    shapeless = world.call("POST", PATH, {"lines": [{"sku": "A-1", "quantity": 0, "unit_cost": "-1"}]})

    assert set(refused(answer, 422, "invalid")) == {
        ("/lines/1/sku", "unknown_sku"),
        ("/lines/2/sku", "not_stocked"),
        ("/lines/3/sku", "inactive_sku"),
        ("/lines/3/warehouse", "unknown_warehouse"),
        ("/warehouse", "unknown_warehouse"),
        ("/lines/4/sku", "duplicate_line"),
    }
    assert sorted(refused(shapeless, 422, "invalid")) == [
        ("/expected_on", "required"),
        ("/lines/0/quantity", "too_small"),
        ("/lines/0/unit_cost", "too_small"),
        ("/supplier", "required"),
    ]
    assert world.call("GET", PATH).body["data"] == []


def test_the_same_goods_for_two_warehouses_are_two_lines(world: World) -> None:
    goods(world, "A-1")
    world.call("PUT", "/v1/warehouses/north", {"name": "North"})
    lines = [{"sku": "A-1", "quantity": 2}, {"sku": "A-1", "quantity": 3, "warehouse": "north"}]

    order = bought(world, body={"lines": lines})
    came(world, order, (2, 3))

    rows = world.call("GET", "/v1/stock/A-1").body["warehouses"]
    assert [(one["warehouse"], one["on_hand"], one["incoming"]) for one in rows] == [("main", 0, 2), ("north", 3, 0)]
    settled(world)


def test_forty_lines_fit_into_one_order_and_into_every_command_on_it(world: World) -> None:
    skus = [f"S-{number}" for number in range(41)]
    goods(world, *skus)

    order = bought(world, *((sku, 5) for sku in skus[:40]))
    steps = [
        changed(world, order, {"expected_on": "2099-03-01"}),
        changed(world, order, {"lines": [{"line": line, "quantity": 6} for line in range(1, 41)]}),
        came(world, order, *((line, 1) for line in range(1, 41))),
        came(world, order),
    ]
    cancelled = world.call("POST", f"{bought(world, *((sku, 5) for sku in skus[:40]))}/cancel")
    too_many = buy(world, *((sku, 5) for sku in skus))
    quantities = [{"line": line, "quantity": 7} for line in range(1, 41)]
    second = bought(world, *((sku, 5) for sku in skus[:40]))
    too_much = changed(world, second, {"expected_on": "2099-03-01", "lines": quantities})

    assert refused(too_much, 422, "too_many_lines") == [("/lines", "too_many_lines")]
    assert "two requests" in too_much.body["errors"][0]["detail"]
    assert [one.status for one in steps] == [200, 200, 201, 201]
    assert cancelled.body["status"] == "cancelled"
    assert refused(too_many, 422, "too_many_lines") == [("/lines", "too_many_lines")]
    assert shelf(world, "S-39") == (6, 5, [(5, DAY)])
    settled(world)


def test_an_order_answers_its_alerts_in_the_same_transaction_as_far_as_one_reaches(world: World) -> None:
    skus = [f"S-{number}" for number in range(33)]
    goods(world, *skus, units=1)
    for sku in skus:
        rule(world, sku)
    world.drain()

    too_many = buy(world, *((sku, 1) for sku in skus))
    order = bought(world, *((sku, 1) for sku in skus[:32]))

    assert refused(too_many, 422, "too_many_lines") == [("/lines", "too_many_lines")]
    assert too_many.body["errors"][0]["meta"] == {"limit": 32}
    ordered = walk(world, "/v1/stock-alerts?status=ordered")
    assert {one["sku"] for one in ordered} == set(skus[:32])
    assert {f"{PATH}/{one['purchase_order_id']}" for one in ordered} == {order}


def test_an_alert_taken_up_while_the_order_is_placed_is_answered_all_the_same(world: World) -> None:
    alert = low(world)

    before_writing(lambda: step(world, alert, "acknowledge"))
    bought(world, ("A-1", 13))

    found = seen(world, alert)
    assert (found["status"], found["version"]) == ("ordered", 4)
    settled(world)


def test_a_number_that_is_taken_is_left_to_whoever_has_it(world: World) -> None:
    goods(world, "A-1")
    taken: list[str] = []

    def number(order_id: str, day: date, attempt: int) -> str:
        taken.append(f"PO-{attempt}")
        return taken[-1]

    with patch.object(purchase_store, "number", number):
        orders = [buy(world, ("A-1", 1)).body["number"] for _ in range(2)]

    assert (orders, taken) == (["PO-0", "PO-1"], ["PO-0", "PO-0", "PO-1"])


def test_suggestions_come_from_alerts_that_nothing_answers_yet(world: World) -> None:
    for sku, supplier in (("A-1", "ACME"), ("B-1", "BEST"), ("C-1", "ACME"), ("D-1", "ACME")):
        low(world, sku, supplier=supplier)
    step(world, listed(world, "open")[2]["id"], "acknowledge")
    step(world, listed(world, "open")[0]["id"], "dismiss")
    world.stock("C-1", 5)

    def skus(filters: str = "") -> list[str]:
        return [one["sku"] for one in walk(world, f"/v1/purchase-suggestions{filters}")]

    assert skus() == ["B-1", "A-1"]
    assert skus("?supplier=ACME") == ["A-1"]
    assert (skus("?warehouse=main"), skus("?warehouse=north")) == (["B-1", "A-1"], [])
    bought(world, ("A-1", 13))
    assert skus() == ["B-1"]


def test_a_suggestion_gives_its_reason_in_both_languages_with_the_figures(world: World) -> None:
    low(world, pack=5)
    world.order(world.customer(), ("A-1", 2))

    english, chinese = (
        world.call("GET", "/v1/purchase-suggestions", headers=headers).body["data"][0]
        for headers in ({}, ZH)
    )

    assert english["reason"] == (
        "The position 5 (7 on hand − 2 reserved + 0 incoming − 0 back-ordered) is not above the point 8; "
        "15 fill it up to the target 20 (at least 1, in packs of 5)."
    )
    assert chinese["reason"] == (
        "库存状况 5（在手 7 − 占用 2 + 在途 0 − 缺货 0）已不高于再订货点 8；订购 15 可补足到目标 20（最少 1，每箱 5）。"
    )
    assert (english["expected_on"], english["lead_time_days"], english["supplier"]) == (None, None, None)


def test_the_warehouse_receives_without_seeing_what_it_costs(world: World) -> None:
    goods(world, "A-1")
    order = bought(world, ("A-1", 5))

    told = [
        world.call("GET", order, as_="warehouse"),
        world.call("GET", PATH, as_="warehouse"),
        came(world, order, (1, 2), as_="warehouse", key="k"),
        came(world, order, (1, 2), as_="warehouse", key="k"),
        world.call("GET", f"{order}/receipts", as_="warehouse"),
    ]
    world.drain()
    moved = {one: world.call("GET", "/v1/stock/A-1/movements", as_=one) for one in ("warehouse", "sales")}
    seers = {
        one: (world.call("GET", order, as_=one), world.call("GET", f"{order}/receipts", as_=one))
        for one in ("purchasing", "admin", "auditor", "finance")
    }

    assert {answer.status for answer in told} <= {200, 201}
    # As an amount is written: a moment may have these digits, too.
    assert not any('"4.5' in answer.text for answer in (*told, *moved.values()))
    for whole, receipts in seers.values():
        assert whole.body["lines"][0]["unit_cost"] == "4.50"
        assert receipts.body["data"][0]["lines"][0]["unit_cost"] == "4.50"
    assert '"4.5' in world.call("GET", "/v1/stock/A-1/movements", as_="purchasing").text


def _change(world: World, order: str, body: dict[str, object]) -> Answer:
    return changed(world, order, body, '"1.0"', headers={"Idempotency-Key": "k"})


def _post(command: str) -> Callable[[World, str, dict[str, object]], Answer]:
    return lambda world, order, body: world.call("POST", f"{order}/{command}", body, key="k")


@pytest.mark.parametrize(
    ("send", "body", "other"),
    [
        (lambda world, _order, body: buy(world, ("A-1", 3), body=body, key="k"), {}, {"note": "x"}),
        (_change, {"lines": [{"line": 1, "quantity": 3}]}, {"note": "x"}),
        (_post("receipts"), {"lines": [{"line": 1, "quantity": 3}]}, {"reference": "x"}),
        (_post("close"), {"reason": "sold out"}, {"reason": "x"}),
        (_post("cancel"), {}, {"reason": "x"}),
    ],
    ids=["place", "change", "receive", "close", "cancel"],
)
def test_a_command_sent_again_has_its_first_outcome_and_moves_nothing(
    world: World, send: Callable[..., Answer], body: dict[str, object], other: dict[str, object]
) -> None:
    goods(world, "A-1")
    order = bought(world, ("A-1", 5))

    first = send(world, order, body)
    before = shelf(world, "A-1")
    again = send(world, order, body)
    reused = send(world, order, body | other)

    assert first.status in {200, 201}, first.text
    assert (again.status, again.body, again.headers.get("Idempotency-Replayed")) == (
        first.status,
        first.body,
        "true",
    )
    refused(reused, 422, "idempotency_key_reused")
    assert shelf(world, "A-1") == before
    settled(world)


def test_what_is_not_there_is_404(world: World) -> None:
    for method, path in (
        ("GET", f"{PATH}/po_nothing"),
        ("GET", f"{PATH}/po_nothing/receipts"),
        ("POST", f"{PATH}/po_nothing/receipts"),
        ("POST", f"{PATH}/po_nothing/cancel"),
    ):
        refused(world.call(method, path), 404, "not_found")


def test_nothing_points_to_what_is_no_longer_on_its_way(world: World) -> None:
    goods(world, "A-1")
    for command, body in (("cancel", {}), ("close", {"reason": "x"}), ("receipts", {})):
        world.call("POST", f"{bought(world, ('A-1', 5))}/{command}", body)

    assert list(incoming.of(StockItem(sku="A-1", warehouse="main"))) == []
    kept = aws.dynamodb().scan(TableName=os.environ["INVENTORY_TABLE"])["Items"]
    assert [one for one in kept if one.get("kind") == {"S": "incoming"}] == []
