"""Reorder rules that follow from demand and lead time, at once and once a day."""

from typing import Any

import pytest
from soms.kit import journal

from tests.engine import before_writing
from tests.functions.test_reconcile import tamper
from tests.functions.test_stock_figures import adjust, aged, fold, ship
from tests.world import Answer, World

ASKED = {"service_level": "0.95", "lead_time_days": 4, "lead_time_deviation_days": "1.5", "window_days": 30}


@pytest.fixture
def sold(world: World) -> World:
    """A SKU that ships 2 and 4 by turns on each of the last fourteen days."""
    sku = world.product()
    adjust(world, sku, {"delta": 1000, "unit_cost": "1.00"})
    for day in range(14):
        ship(world, sku, 2 + day % 2 * 2)
        aged(world, sku, 1)
    return world


def put(world: World, body: dict[str, Any], **headers: str) -> Answer:
    return world.call("PUT", "/v1/stock/A-1/reorder-rule", body, as_="purchasing", headers=headers)


def moves(world: World) -> list[str]:
    world.drain()
    return [one["reason"] for one in world.call("GET", "/v1/stock/A-1/movements?limit=100").body["data"]]


def test_a_computed_rule_is_set_at_once_and_shown_with_what_it_follows_from(sold: World) -> None:
    answer = put(sold, {"computed": ASKED, "minimum": 12, "pack": 6, "supplier": "acme"})

    rule = sold.call("GET", "/v1/stock/A-1").body["reorder_rule"]
    # d = 3, σd² = 14 ÷ 13; 1.644854 × √(4 × 14 ÷ 13 + 9 × 2.25) = 8.151192 and 4 × 3 more: 20.15.
    assert answer.status == 200, answer.text
    assert (rule["point"], rule["target"], rule["lead_time_days"]) == (21, 42, 4)
    assert (rule["minimum"], rule["pack"], rule["supplier"]) == (12, 6, "acme")
    computed = rule["computed"]
    assert (computed["d"], computed["sigma_d"], computed["z"]) == ("3.000000", "1.037749", "1.644854")
    assert (computed["safety_stock"], computed["point"], computed["window"]["days"]) == ("8.151192", 21, 14)
    assert answer.body["reorder_rule"] == rule
    sold.drain()
    assert sold.broken() == []


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({"computed": ASKED, "point": 5, "target": 9}, "one_of", ""),
        ({"computed": ASKED, "lead_time_days": 3}, "one_of", ""),
        ({"point": 5}, "one_of", ""),
        ({}, "one_of", ""),
        ({"point": 5, "target": 5}, "target_not_above_point", ""),
        ({"computed": ASKED | {"service_level": "1"}}, "too_large", "/computed/service_level"),
        ({"computed": ASKED | {"service_level": "0.4"}}, "too_small", "/computed/service_level"),
        ({"computed": ASKED | {"window_days": 13}}, "too_small", "/computed/window_days"),
    ],
)
def test_a_rule_is_either_given_or_computed(world: World, body: dict[str, Any], code: str, pointer: str) -> None:
    world.product()

    answer = put(world, body)

    assert answer.status == 422
    assert [(one["code"], one["pointer"]) for one in answer.body["errors"]] == [(code, pointer)]


def test_too_little_history_is_told_with_what_there_is(world: World) -> None:
    sku = world.product()
    adjust(world, sku, {"delta": 100})
    aged(world, sku, 13)

    answer = put(world, {"computed": ASKED})
    zh = put(world, {"computed": ASKED}, **{"Accept-Language": "zh"})

    assert (answer.status, answer.code) == (422, "too_little_history")
    assert answer.body["errors"][0]["meta"] == {"days": 13, "needed": 14}
    assert "13 天" in zh.body["errors"][0]["detail"]
    assert moves(world) == ["receipt"]


def test_the_schedule_computes_again_once_a_day_and_writes_only_what_changes(sold: World) -> None:
    put(sold, {"computed": ASKED, "supplier": "acme"})
    first = fold(sold)
    kept = sold.call("GET", "/v1/stock/A-1").body["reorder_rule"]
    for _ in range(2):
        ship(sold, "A-1", 40)
    aged(sold, "A-1", 1)
    same_day = fold(sold)

    next_day(sold)
    changed = fold(sold)
    again = fold(sold)

    rule = sold.call("GET", "/v1/stock/A-1").body["reorder_rule"]
    assert [one["ruled"] for one in (first, same_day, changed, again)] == [0, 0, 1, 0]
    assert (kept["point"], rule["point"] > kept["point"], rule["supplier"]) == (21, True, "acme")
    assert moves(sold).count("rule") == 2
    assert sold.broken() == []


def next_day(world: World) -> None:
    """Let the rules have been computed the day before."""
    key = {"pk": "stock-totals", "sk": "main"}
    tamper("JOBS_TABLE", key, "SET ruled_on = :day", {":day": {"S": "2020-01-01"}})


def test_a_rule_by_hand_stays_as_it_is(sold: World) -> None:
    put(sold, {"point": 5, "target": 9})

    done = fold(sold)

    rule = sold.call("GET", "/v1/stock/A-1").body["reorder_rule"]
    assert (done["ruled"], rule["point"], rule["target"], rule["computed"]) == (0, 5, 9, None)


def test_a_rule_is_decided_on_the_stock_item_as_it_was_read(world: World) -> None:
    sku = world.product()
    adjust(world, sku, {"delta": 10})
    before_writing(lambda: put(world, {"point": 1, "target": 9}, **{"Idempotency-Key": "quicker"}))

    answer = put(world, {"point": 2, "target": 9}, **{"Idempotency-Key": "slower"})

    told = sorted(journal.of_aggregate(f"stock#{sku}@main"), key=lambda one: int(str(one["version"])))
    rules = [journal.changes_of(one)["rule"] for one in told if one["event"] == "stock.rule_set"]
    points = [[(one or {}).get("point") for one in pair] for pair in rules]
    assert answer.status == 200
    assert points == [[None, 1], [1, 2]]
    assert [one["version"] for one in told] == [1, 2, 3]
    assert moves(world) == ["rule", "rule", "receipt"]
