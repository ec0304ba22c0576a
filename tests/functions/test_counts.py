"""Counting what lies there: while things are sold, with a second pair of eyes, and however often it is posted."""

from datetime import UTC, datetime
from typing import Any

import pytest
from soms.inventory import commands, posting
from soms.inventory.model import AdjustmentRequest, Stock
from soms.kit import items
from soms.kit.access import Caller, Command, Group

from tests.engine import before_writing
from tests.functions.test_refusals import refused
from tests.states import do
from tests.world import World

SHELF = {"as_": "warehouse"}
OTHER = {"as_": "sales_manager", "name": "max"}
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def goods(world: World, **units: int) -> None:
    for name, count in units.items():
        world.stock(world.product(name.replace("_", "-"), cost="2.50"), count)


def limits(world: World, **said: object) -> None:
    assert world.call("PUT", "/v1/settings", {"name": "Acme", **said}).status == 200


def opened(world: World, *skus: str, **more: object) -> str:
    return f"/v1/counts/{do(world, '/v1/counts', {'skus': skus, **more}, **SHELF)['id']}"


def found(world: World, path: str, **units: int) -> None:
    for name, count in units.items():
        answer = world.call("PUT", f"{path}/lines/{name.replace('_', '-')}", {"counted": count}, **SHELF)
        assert answer.status == 200, answer.text


def counted(world: World, **units: int) -> str:
    """Count these SKUs and submit what was found."""
    path = opened(world, *(name.replace("_", "-") for name in units))
    found(world, path, **units)
    do(world, f"{path}/submit", **SHELF)
    return path


def line(world: World, path: str, sku: str) -> dict[str, Any]:
    rows = world.call("GET", path).body["lines"]
    return next(one for one in rows if one["sku"] == sku)


def states(world: World, path: str) -> dict[str, str]:
    return {one["sku"]: one["state"] for one in world.call("GET", path).body["lines"]}


def reasons(world: World, sku: str) -> list[str]:
    world.drain()
    return [one["reason"] for one in world.call("GET", f"/v1/stock/{sku}/movements").body["data"]]


def caller(name: str) -> Caller:
    command = Command(entry=f"evt_{name}", request="", route="POST /v1/counts/{count_id}/post")
    return Caller(f"sub-{name}", name, frozenset({Group.WAREHOUSE}), command)


def test_what_is_sold_while_counting_is_no_variance(world: World) -> None:
    goods(world, A_1=10, A_2=5, A_3=3)
    path = opened(world, "A-1", "A-2", "A-3", note="cycle 48")
    customer = world.customer()
    order = world.order(customer, ("A-1", 4), ("A-2", 1)).body["id"]
    found(world, path, A_2=4)
    do(world, f"/v1/orders/{order}/shipments", **SHELF)

    found(world, path, A_1=5, A_3=3)
    submitted = do(world, f"{path}/submit", **SHELF)
    later = world.order(customer, ("A-1", 2)).status
    posted = do(world, f"{path}/post", **SHELF)

    assert (submitted["status"], submitted["surplus"], submitted["shortage"]) == ("approved", 0, 2)
    assert later == 201
    assert (posted["status"], posted["posted"], posted["failed"]) == ("posted", 2, 0)
    seen = {one["sku"]: [one[name] for name in ("on_hand", "counted", "on_hand_when_counted", "variance")] for one in posted["lines"]}
    assert seen == {"A-1": [10, 5, 6, -1], "A-2": [5, 4, 5, -1], "A-3": [3, 3, 3, 0]}
    assert [one["moved_since_snapshot"] for one in posted["lines"]] == [True, True, False]
    assert [world.on_shelf(sku) for sku in ("A-1", "A-2", "A-3")] == [(5, 2, 3), (3, 0, 3), (3, 0, 3)]
    assert reasons(world, "A-1") == ["count", "reserve", "ship", "reserve", "receipt"]
    assert world.broken() == []


def test_lines_nobody_counted_are_skipped_or_taken_for_nothing_as_it_is_said(world: World) -> None:
    goods(world, A_1=10, A_2=5, A_3=3)
    skipping, emptying = opened(world, "A-1", "A-2"), opened(world, "A-1", "A-3")
    for path in (skipping, emptying):
        found(world, path, A_1=10)

    unsaid = world.call("POST", f"{skipping}/submit", {}, **SHELF)
    world.stock("A-3", 2)
    for path, said in ((skipping, "skip"), (emptying, "zero")):
        do(world, f"{path}/submit", {"uncounted": said}, **SHELF)
        do(world, f"{path}/post", **SHELF)

    assert refused(unsaid, 422, "uncounted_lines") == [("/uncounted", "uncounted_lines")]
    assert unsaid.body["errors"][0]["meta"] == {"lines": 1, "skus": ["A-2"]}
    assert states(world, skipping) == {"A-1": "counted", "A-2": "open"}
    assert states(world, emptying) == {"A-1": "counted", "A-3": "posted"}
    assert (world.on_shelf("A-2"), world.on_shelf("A-3")) == ((5, 0, 5), (0, 0, 0))
    world.drain()
    assert world.broken() == []


def test_a_posting_that_is_killed_half_way_goes_on_where_it_was_and_posts_nothing_twice(world: World) -> None:
    goods(world, A_1=10, A_2=10, A_3=10)
    path = counted(world, A_1=9, A_2=12, A_3=7)
    count_id = path.rpartition("/")[2]
    done: list[str] = []

    def dying(sku: str, request: AdjustmentRequest, who: Caller, **more: Any) -> tuple[Stock, items.Item]:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(sku)
        return commands.adjust(sku, request, who, **more)

    with pytest.raises(KeyboardInterrupt):
        posting.post(count_id, caller("ada"), dying, now=NOW)
    half = states(world, path), world.call("GET", path).body["status"]
    ended = do(world, f"{path}/post", **SHELF)
    again = world.call("POST", f"{path}/post", {}, **SHELF)

    assert half == ({"A-1": "posted", "A-2": "posted", "A-3": "counted"}, "approved")
    assert (ended["status"], ended["posted"]) == ("posted", 3)
    assert (again.status, again.code) == (409, "invalid_state")
    assert [world.on_shelf(sku)[0] for sku in ("A-1", "A-2", "A-3")] == [9, 12, 7]
    assert [reasons(world, sku) for sku in ("A-1", "A-2", "A-3")] == [["count", "receipt"]] * 3
    assert world.broken() == []


def test_two_who_post_at_once_post_each_line_once(world: World) -> None:
    goods(world, A_1=10, A_2=10)
    path = counted(world, A_1=9, A_2=8)
    count_id = path.rpartition("/")[2]

    def overtaken(sku: str, request: AdjustmentRequest, who: Caller, **more: Any) -> tuple[Stock, items.Item]:
        if world.call("GET", path).body["status"] == "approved":
            do(world, f"{path}/post", **SHELF)
        return commands.adjust(sku, request, who, **more)

    posted = posting.post(count_id, caller("bob"), overtaken, now=NOW)

    assert (posted.status, posted.posted) == ("posted", 2)
    assert [world.on_shelf(sku)[0] for sku in ("A-1", "A-2")] == [9, 8]
    world.drain()
    assert world.broken() == []


def test_nobody_approves_what_they_submitted_themselves(world: World) -> None:
    goods(world, A_1=10, A_2=10)
    limits(world, count_approval_above_units=4)
    path = opened(world, "A-1", "A-2")
    found(world, path, A_1=7, A_2=12)
    who = {"as_": "admin", "name": "ada"}
    submitted = do(world, f"{path}/submit", **who)

    own = world.call("POST", f"{path}/approve", {}, **who)
    shelf = world.call("POST", f"{path}/approve", {}, **SHELF)
    early = world.call("POST", f"{path}/post", {}, **SHELF)
    waiting = world.call("GET", "/v1/counts?status=pending_approval").body["data"]
    approved = do(world, f"{path}/approve", {"reason": "looked myself"}, **OTHER)

    assert (submitted["status"], submitted["shortage"], submitted["surplus"]) == ("pending_approval", 3, 2)
    assert (submitted["value"], submitted["currency"]) == ("12.50", "CNY")
    assert refused(own, 403, "forbidden") == [(None, "own_request")]
    assert (shelf.status, early.code) == (403, "invalid_state")
    assert [f"/v1/counts/{one['id']}" for one in waiting] == [path]
    assert (approved["status"], approved["decided_by"], approved["posted"]) == ("posted", "max", 2)
    assert [world.on_shelf(sku)[0] for sku in ("A-1", "A-2")] == [7, 12]
    world.drain()
    assert world.broken() == []


@pytest.mark.parametrize(
    ("limit", "status"),
    [
        ({"count_approval_above_units": 5}, "approved"),
        ({"count_approval_above_units": 4}, "pending_approval"),
        ({"count_approval_above_value": "12.50"}, "approved"),
        ({"count_approval_above_value": "12.49"}, "pending_approval"),
        ({}, "approved"),
    ],
    ids=str,
)
def test_only_what_exceeds_a_limit_waits(world: World, limit: dict[str, object], status: str) -> None:
    goods(world, A_1=10, A_2=10)
    limits(world, **limit)

    path = counted(world, A_1=7, A_2=12)

    assert world.call("GET", path).body["status"] == status


def test_what_is_rejected_is_never_posted(world: World) -> None:
    goods(world, A_1=10)
    limits(world, count_approval_above_units=0)
    path = counted(world, A_1=7)

    rejected = do(world, f"{path}/reject", {"reason": "count again"}, **OTHER)
    posted = world.call("POST", f"{path}/post", {}, **SHELF)

    assert (rejected["status"], rejected["reason"], rejected["allowed"]) == ("rejected", "count again", [])
    assert (posted.code, world.on_shelf("A-1")) == ("invalid_state", (10, 0, 10))


def test_a_line_below_what_is_reserved_fails_and_the_others_are_posted(world: World) -> None:
    goods(world, A_1=10, A_2=10)
    order = world.order(world.customer(), ("A-1", 8)).body["id"]
    path = counted(world, A_1=7, A_2=9)

    posted = do(world, f"{path}/post", **SHELF)
    chinese = world.call("GET", path, headers={"Accept-Language": "zh"}).body["lines"][0]["problem"]
    do(world, f"/v1/orders/{order}/cancel", {"lines": [{"line": 1, "quantity": 2}]})
    world.drain()
    again = do(world, f"{path}/post", **SHELF)

    assert (posted["status"], posted["posted"], posted["failed"]) == ("partly_posted", 1, 1)
    failed, fine = posted["lines"]
    assert (failed["state"], fine["state"]) == ("failed", "posted")
    # The movements that tell whose the reservations are have not been written yet.
    assert failed["problem"]["code"] == chinese["code"] == "unavailable"
    assert failed["problem"]["detail"].startswith("The request did not go through")
    assert chinese["detail"].startswith("请求暂时未能完成")
    assert (again["status"], again["failed"], again["lines"][0]["problem"]) == ("posted", 0, None)
    assert (world.on_shelf("A-1"), world.on_shelf("A-2")) == ((7, 6, 1), (9, 0, 9))
    world.drain()
    assert world.broken() == []


def test_a_difference_that_another_count_has_made_good_is_not_made_good_again(world: World) -> None:
    goods(world, A_1=10)
    first, second = counted(world, A_1=7), counted(world, A_1=7)

    do(world, f"{first}/post", **SHELF)
    late = do(world, f"{second}/post", **SHELF)
    third = counted(world, A_1=6)
    do(world, f"{third}/post", **SHELF)

    assert (late["status"], late["lines"][0]["problem"]["code"]) == ("partly_posted", "counted_since")
    assert world.on_shelf("A-1") == (6, 0, 6)
    world.drain()
    assert world.broken() == []


def test_a_category_is_counted_as_a_whole_and_more_than_a_transaction_takes(world: World) -> None:
    for number in range(130):
        world.product(f"T-{number:03d}", category="tea", stocked=number != 7)
    world.product("C-1", category="coffee")

    path = f"/v1/counts/{do(world, '/v1/counts', {'category': 'tea'}, **SHELF)['id']}"
    submitted = do(world, f"{path}/submit", {"uncounted": "zero"}, **SHELF)
    page = world.call("GET", f"{path}/lines?limit=100").body
    rest = world.call("GET", f"{path}/lines?limit=100&cursor={page['next_cursor']}").body

    assert (submitted["line_count"], len(submitted["lines"])) == (129, 129)
    assert (submitted["counted"], submitted["status"]) == (129, "approved")
    skus = [one["sku"] for one in page["data"] + rest["data"]]
    assert skus == sorted(skus)
    assert (len(set(skus)), "T-007" in skus, "C-1" in skus, rest["next_cursor"]) == (129, False, False, None)


def test_all_that_is_wrong_with_a_count_is_told(world: World) -> None:
    world.product("A-1")
    world.product("FREIGHT", stocked=False)
    asked = {
        "skus": {"skus": ["A-1", "NONE", "FREIGHT", "A-1"], "warehouse": "moon"},
        "neither": {},
        "empty": {"category": "nothing"},
        "many": {"skus": [f"X-{number}" for number in range(501)]},
    }

    told = {name: world.call("POST", "/v1/counts", body, **SHELF) for name, body in asked.items()}

    assert refused(told["skus"], 422, "invalid") == [
        ("/skus/3", "duplicate"),
        ("/warehouse", "unknown_warehouse"),
        ("/skus/2", "not_stocked"),
        ("/skus/1", "unknown_sku"),
    ]
    assert [told[name].code for name in ("neither", "empty", "many")] == ["one_of", "nothing_to_count", "too_many"]
    assert world.call("GET", "/v1/counts").body["data"] == []


def test_only_lines_of_an_open_count_are_noted_and_in_the_version_that_was_seen(world: World) -> None:
    goods(world, A_1=10)
    path = opened(world, "A-1")
    place = f"{path}/lines/A-1"
    first = world.call("PUT", place, {"counted": 9}, headers={"If-Match": '"1.0"'}, **SHELF)
    stale = world.call("PUT", place, {"counted": 8}, headers={"If-Match": '"1.0"'}, **SHELF)
    other = world.call("PUT", f"{path}/lines/A-2", {"counted": 8}, **SHELF)
    far = world.call("PUT", place, {"counted": 1_000_011}, **SHELF)
    seen = world.call("GET", path).headers["ETag"]
    do(world, f"{path}/submit", headers={"If-Match": seen}, **SHELF)
    late = world.call("PUT", place, {"counted": 8}, **SHELF)

    assert (first.status, first.headers["ETag"], first.body["variance"]) == (200, '"2.0"', -1)
    assert (stale.code, other.code, late.code) == ("version_mismatch", "not_found", "invalid_state")
    assert refused(far, 422, "variance_too_large") == [("/counted", "variance_too_large")]
    assert seen == '"1.1"'
    assert line(world, path, "A-1")["counted"] == 9


def test_what_a_difference_is_worth_is_not_for_the_warehouse(world: World) -> None:
    goods(world, A_1=10)
    path = counted(world, A_1=7)

    told = {group: world.call("GET", path, as_=group) for group in ("finance", "warehouse", "purchasing")}
    listed = world.call("GET", "/v1/counts", **SHELF)

    assert (told["finance"].body["value"], told["finance"].body["lines"][0]["value"]) == ("7.50", "-7.50")
    assert not any("7.50" in answer.text for answer in (told["warehouse"], told["purchasing"], listed))


def test_what_is_noted_while_a_count_is_submitted_counts_for_its_limit(world: World) -> None:
    goods(world, A_1=10)
    limits(world, count_approval_above_units=4)
    path = opened(world, "A-1")
    found(world, path, A_1=9)

    before_writing(lambda: found(world, path, A_1=2))
    submitted = do(world, f"{path}/submit", **SHELF)

    assert (submitted["status"], submitted["shortage"]) == ("pending_approval", 8)
