"""Alerts: one a stock item however it falls, what people do with it, and what purchasing is told."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from soms.kit import clock, journal

from tests.engine import before_writing
from tests.functions.test_refusals import refused
from tests.functions.test_sweep import after, lose, swept  # noqa: F401 a fixture
from tests.world import Answer, World, module

Row = dict[str, Any]
STATES = ("open", "acknowledged", "ordered", "snoozed", "dismissed", "resolved")
DIGEST = {"action": "digest"}


@contextmanager
def later(**by: float) -> Iterator[None]:
    moment = clock.now() + timedelta(**by)
    with patch.object(clock, "now", lambda: moment):
        yield


def listed(world: World, status: str) -> list[Row]:
    rows: list[Row] = world.call("GET", f"/v1/stock-alerts?status={status}").body["data"]
    return rows


def states(world: World) -> dict[str, int]:
    """Return how many alerts there are in each state that has any."""
    return {state: count for state in STATES if (count := len(listed(world, state)))}


def rule(world: World, sku: str, **said: object) -> None:
    body = {"point": 8, "target": 20, **said}
    assert world.call("PUT", f"/v1/stock/{sku}/reorder-rule", body).status == 200


def move(world: World, sku: str, delta: int) -> None:
    body = {"delta": delta, "reason": "found" if delta > 0 else "loss"}
    assert world.call("POST", f"/v1/stock/{sku}/adjustments", body).status == 201


def low(world: World, sku: str = "A-1", **said: object) -> str:
    """Let a product run low and return its alert; the letter that tells of it is taken from the mailbox."""
    world.product(sku)
    world.stock(sku, 10)
    rule(world, sku, **said)
    move(world, sku, -3)
    world.drain()
    assert len(world.mail()) == 1
    return str(next(one["id"] for one in listed(world, "open") if one["sku"] == sku))


def step(world: World, alert: str, command: str, **body: object) -> Answer:
    return world.call("POST", f"/v1/stock-alerts/{alert}/{command}", body, as_="purchasing")


def seen(world: World, alert: str) -> Row:
    found: Row = world.call("GET", f"/v1/stock-alerts/{alert}").body
    return found


def digest(world: World) -> list[Row]:
    """Run the schedule and return the letters that it sent."""
    module("low_stock").handler(DIGEST, None)
    return world.mail()


def events(alert: str) -> list[str]:
    return [str(row["event"]) for row in journal.of_aggregate(f"alert#{alert}")][::-1]


def follow(world: World, records: Sequence[Row]) -> None:
    """Deliver each record while the delivery of the one before is between reading and writing."""
    if records:
        before_writing(lambda: follow(world, records[1:]))
        assert world.deliver("replenishment", records[:1]) == {"batchItemFailures": []}


def test_crossing_the_point_twenty_times_at_once_opens_one_alert(world: World) -> None:
    sku = world.product()
    world.stock(sku, 30)
    rule(world, sku, point=29, target=60)
    world.drain()
    fresh = len(world.records("INVENTORY_TABLE"))
    for _ in range(20):
        move(world, sku, -1)
    crossing = world.records("INVENTORY_TABLE")[fresh:]

    follow(world, crossing)
    world.deliver("replenishment", crossing)
    world.deliver("replenishment", [*crossing[::-1], *crossing[5:12]])
    world.drain()
    world.drain()

    assert states(world) == {"open": 1}
    assert [letter["Subject"] for letter in world.mail()] == ["SOMS: A-1 is low (10 left)"]
    assert world.broken() == []


def test_stock_that_goes_up_and_down_before_anybody_looks_has_one_alert_at_most(world: World) -> None:
    sku = world.product()
    world.stock(sku, 10)
    rule(world, sku)
    world.drain()
    for _ in range(10):
        move(world, sku, -3)
        move(world, sku, 3)
    move(world, sku, -3)

    world.drain()

    assert states(world) == {"open": 1}
    assert len(world.mail()) == 1


def test_news_of_a_fall_that_come_again_when_the_stock_is_back_open_nothing(world: World) -> None:
    low(world)
    move(world, "A-1", 3)
    world.drain()
    old = [one for one in world.records("INVENTORY_TABLE") if world._concerns("replenishment", one)]

    for one in old:
        world.deliver("replenishment", [one])
    world.drain()

    assert states(world) == {"resolved": 1}
    assert world.mail() == []


def test_a_new_alert_tells_all_that_is_needed_to_order_in_both_languages(world: World) -> None:
    world.product(name="龙井 50 g")
    world.stock("A-1", 7)
    rule(world, "A-1", pack=6, minimum=6, supplier="ACME", lead_time_days=9)
    world.drain()

    (letter,) = world.mail()

    text = letter["Message"]
    alert = listed(world, "open")[0]["id"]
    assert letter["Subject"] == "SOMS: A-1 is low (7 left)"
    for said in (
        "A-1 龙井 50 g in warehouse main runs low.",
        "The position 7 (7 on hand",
        "the point 8; 18 fill it up to the target 20",
        "Suggested: 18; supplier: ACME; lead time: 9 days.",
        "仓库 main 的商品 A-1 龙井 50 g 库存不足。",
        "再订货点 8；订购 18",
        "建议订购 18；供应商：ACME；交货期 9 天。",
        alert,
    ):
        assert said in text, said


def test_the_life_of_an_alert(world: World) -> None:
    alert = low(world)

    taken = step(world, alert, "acknowledge", reason="asked for a price")
    small = {"supplier": "ACME", "lines": [{"sku": "A-1", "quantity": 1}], "expected_on": "2099-01-01"}
    order = world.call("POST", "/v1/purchase-orders", small).body["id"]
    at_once = seen(world, alert)
    world.drain()
    waiting = seen(world, alert)
    again = step(world, alert, "acknowledge")
    move(world, "A-1", 1)
    world.drain()
    over = seen(world, alert)

    assert (taken.body["status"], taken.body["allowed"]) == ("acknowledged", ["snooze", "dismiss"])
    for found in (at_once, waiting):
        assert (found["status"], found["purchase_order_id"]) == ("ordered", order)
    refused(again, 409, "invalid_state")
    assert (over["status"], over["purchase_order_id"]) == ("resolved", order)
    assert events(alert) == ["alert.open", "alert.acknowledged", "alert.resolved"]
    assert world.mail() == []
    assert world.broken() == []


def test_a_purchase_order_that_lifts_the_position_resolves_the_alert_and_the_next_fall_opens_another(
    world: World,
) -> None:
    alert = low(world)
    body = {"supplier": "ACME", "lines": [{"sku": "A-1", "quantity": 13}], "expected_on": "2099-01-01"}

    world.call("POST", "/v1/purchase-orders", body)
    world.drain()
    lifted = seen(world, alert)["status"]
    for _ in range(2):
        world.order(world.customer(), ("A-1", 3))
    move(world, "A-1", -1)
    quiet = states(world)
    world.call("PUT", "/v1/stock/A-1/reorder-rule", {"point": 13, "target": 20})
    world.drain()

    assert (lifted, quiet) == ("resolved", {"resolved": 1})
    assert states(world) == {"open": 1, "resolved": 1}
    assert listed(world, "open")[0]["position"] == 13
    assert len(world.mail()) == 1


@pytest.mark.parametrize("end", ["cancel", "close", "receipts"])
def test_an_alert_opens_again_when_what_was_ordered_for_it_is_over_and_it_is_low_all_the_same(
    world: World, end: str
) -> None:
    alert = low(world)
    body = {"supplier": "ACME", "lines": [{"sku": "A-1", "quantity": 1}], "expected_on": "2099-01-01"}
    order = world.call("POST", "/v1/purchase-orders", body).body["id"]
    world.drain()

    reason = {"reason": "sold out there"} if end == "close" else {}
    ended = world.call("POST", f"/v1/purchase-orders/{order}/{end}", reason)
    world.drain()
    again = seen(world, alert)

    assert ended.status in {200, 201}, ended.text
    assert (again["status"], again["purchase_order_id"]) == ("open", None)
    assert (states(world), len(world.mail())) == ({"open": 1}, 1)
    assert world.broken() == []


def test_the_sweep_finds_an_alert_that_waits_for_what_will_not_come(swept: World) -> None:  # noqa: F811
    alert = low(swept)
    body = {"supplier": "ACME", "lines": [{"sku": "A-1", "quantity": 1}], "expected_on": "2099-01-01"}
    order = swept.call("POST", "/v1/purchase-orders", body).body["id"]
    swept.drain()
    quiet = after()
    swept.call("POST", f"/v1/purchase-orders/{order}/cancel", {})
    lose(swept)

    first = after()

    assert "replenishment" not in quiet
    assert first["replenishment"] == 1
    assert seen(swept, alert)["status"] == "open"


def test_what_is_snoozed_wakes_by_itself_and_is_told_again_once(world: World) -> None:
    alert = low(world)

    snoozed = step(world, alert, "snooze", hours=2)
    quiet = [states(world), digest(world)]
    with later(hours=3):
        open_by_itself = states(world)
        letters = digest(world)
        world.drain()
        letters += world.mail()
        again = digest(world)
        found = seen(world, alert)
        world.drain()

    assert snoozed.body["status"] == "snoozed"
    assert quiet == [{"snoozed": 1}, []]
    assert open_by_itself == {"open": 1}
    assert sorted(letter["Subject"] for letter in letters) == [
        "SOMS: 1 stock alerts, 0 late purchase orders",
        "SOMS: A-1 is low (7 left)",
    ]
    assert [letter["Subject"] for letter in again] == ["SOMS: 1 stock alerts, 0 late purchase orders"]
    assert (found["status"], found["open_since"]) == ("open", snoozed.body["snoozed_until"])
    assert world.mail() == []
    assert events(alert) == ["alert.open", "alert.snoozed", "alert.woken"]


def test_what_has_woken_is_dealt_with_like_any_open_alert(world: World) -> None:
    alert = low(world)
    step(world, alert, "snooze", hours=2)

    with later(hours=3):
        allowed = seen(world, alert)["allowed"]
        taken = step(world, alert, "acknowledge")

    assert allowed == ["acknowledge", "snooze", "dismiss"]
    assert (taken.body["status"], taken.body["snoozed_until"]) == ("acknowledged", None)


def test_stock_that_runs_low_is_listed_again_when_its_alert_wakes(world: World) -> None:
    step(world, low(world), "snooze", hours=2)

    asleep = world.call("GET", "/v1/stock?low=true").body["data"]
    with later(hours=3):
        awake = world.call("GET", "/v1/stock?low=true").body["data"]

    assert (asleep, [one["sku"] for one in awake]) == ([], ["A-1"])


def test_a_dismissed_alert_stays_quiet_until_the_stock_was_back(world: World) -> None:
    alert = low(world)

    step(world, alert, "dismiss", reason="sold off")
    move(world, "A-1", -1)
    world.drain()
    quiet = (states(world), digest(world))
    move(world, "A-1", 3)
    world.drain()
    back = states(world)
    move(world, "A-1", -2)
    world.drain()

    assert quiet == ({"dismissed": 1}, [])
    assert back == {"dismissed": 1}
    assert states(world) == {"open": 1, "dismissed": 1}
    assert len(world.mail()) == 1


def test_what_nobody_takes_up_is_escalated_once_and_stands_first_in_the_digest(world: World) -> None:
    late = low(world, "Z-9")
    with later(hours=23):
        world.product("A-1")
        rule(world, "A-1")
        world.drain()
        world.mail()
        before = [one["Subject"] for one in digest(world)]
    with later(hours=25):
        letters = digest(world)
    with later(hours=26):
        again = digest(world)
        marked = seen(world, late)["escalated_at"]
    with later(hours=27):
        digest(world)

    assert before == ["SOMS: 2 stock alerts, 0 late purchase orders"]
    own, summary = sorted(letters, key=lambda one: "nobody" not in one["Subject"])
    assert own["Subject"] == "SOMS: 1 stock alerts nobody took up"
    assert ("Z-9" in own["Message"], "A-1" in own["Message"]) == (True, False)
    rows = [line for line in summary["Message"].splitlines() if " @ main" in line]
    assert [row[:5] for row in rows] == ["! Z-9", "  A-1"]
    assert [one["Subject"] for one in again] == before
    assert "! Z-9" in again[0]["Message"]
    assert seen(world, late)["escalated_at"] == marked
    assert events(late).count("alert.escalated") == 1
    assert world.broken() == []


def test_what_was_taken_up_in_time_or_woke_just_now_is_not_escalated(world: World) -> None:
    taken, woken = low(world, "A-1"), low(world, "B-1")
    step(world, taken, "acknowledge")
    step(world, woken, "snooze", hours=24)

    with later(hours=25):
        letters = digest(world)

    assert [one["Subject"] for one in letters] == ["SOMS: 1 stock alerts, 0 late purchase orders"]
    assert [seen(world, one)["escalated_at"] for one in (taken, woken)] == [None, None]


def test_what_is_taken_up_just_as_it_is_escalated_is_not_marked(world: World) -> None:
    alert = low(world)

    with later(hours=25):
        before_writing(lambda: step(world, alert, "acknowledge"))
        digest(world)

    assert seen(world, alert)["escalated_at"] is None
    assert events(alert) == ["alert.open", "alert.acknowledged"]


def test_how_long_nobody_need_take_it_up_is_a_setting(world: World) -> None:
    world.call("PUT", "/v1/settings", {"escalate_alerts_after_hours": 48})
    alert = low(world)

    with later(hours=47):
        digest(world)
        early = seen(world, alert)["escalated_at"]
    with later(hours=49):
        digest(world)

    assert early is None
    assert seen(world, alert)["escalated_at"]


def test_the_digest_tells_what_to_order_from_whom_and_what_is_coming(world: World) -> None:
    body = {"supplier": "ACME", "lines": [{"sku": "A-1", "quantity": 2}], "expected_on": "2099-01-01"}
    world.product()
    world.stock("A-1", 4)
    world.call("POST", "/v1/purchase-orders", body)
    rule(world, "A-1", supplier="ACME", lead_time_days=5)
    world.drain()
    world.mail()

    (letter,) = digest(world)

    for said in (
        "  A-1 @ main Product A-1: 6 ≤ 8",
        "Suggested: 14; supplier: ACME; lead time: 5 days; incoming: 2, first on 2099-01-01.",
        "建议订购 14；供应商：ACME；交货期 5 天；在途 2，最早 2099-01-01 到货。",
    ):
        assert said in letter["Message"], letter["Message"]


def test_alerts_are_no_rows_of_a_warehouses_stock(world: World) -> None:
    alert = low(world)
    world.product("A-2")
    world.stock("A-2", 1)

    rows = world.call("GET", "/v1/stock?warehouse=main").body["data"]

    assert [(one["sku"], one["on_hand"]) for one in rows] == [("A-1", 7), ("A-2", 1)]
    assert seen(world, alert)["warehouse"] == "main"


@pytest.mark.parametrize(("command", "body"), [("acknowledge", {}), ("snooze", {"hours": 3}), ("dismiss", {})])
def test_a_command_on_an_alert_sent_again_has_its_first_outcome(
    world: World, command: str, body: dict[str, object]
) -> None:
    path = f"/v1/stock-alerts/{low(world)}/{command}"

    first, again = (world.call("POST", path, body, key="k") for _ in range(2))
    other = world.call("POST", path, body | {"reason": "x", "hours": 9}, key="k")

    assert (first.status, again.status) == (200, 200)
    assert (again.body, again.headers["Idempotency-Replayed"]) == (first.body, "true")
    refused(other, 422, "idempotency_key_reused")
