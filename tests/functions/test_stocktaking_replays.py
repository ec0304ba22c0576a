"""Every command of the warehouse, sent again with its key: the first outcome again, and nothing moves."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from soms.kit import clock
from soms.kit.access import ROUTES

from tests.functions.test_counts import OTHER, counted, found, goods, limits, opened
from tests.functions.test_transfers import WEST, send, two_sites
from tests.world import Answer, World

KEY = "the-same"
Ready = Callable[[World, str], str]
SHELF = {"as_": "warehouse"}
COUNTERS = ("on_hand", "reserved", "available", "incoming", "quarantine")


@dataclass(frozen=True)
class Row:
    """A route, how the path it needs is made ready, its body and, by a field, another body under the key."""

    route: str
    ready: Ready
    body: Callable[[str], dict[str, Any]]
    other: dict[str, Any]
    who: dict[str, str] = field(default_factory=lambda: SHELF)

    def send(self, world: World, path: str, sku: str, **changed: object) -> Answer:
        method, headers = self.route.split(" ")[0], {"Idempotency-Key": f"{KEY}-{sku}"}
        return world.call(method, path, self.body(sku) | changed, headers=headers, key=headers["Idempotency-Key"], **self.who)


def says(**body: object) -> Callable[[str], dict[str, Any]]:
    return lambda _sku: body


def _travelling(sku: str) -> dict[str, Any]:
    return {"from": "main", "to": WEST, "lines": [{"sku": sku, "quantity": 6}]}


def _sites(world: World, sku: str) -> str:
    two_sites(world, **{sku: 10})
    return "/v1/stock-transfers"


def _sent(step: str) -> Ready:
    def ready(world: World, sku: str) -> str:
        two_sites(world, **{sku: 10})
        return send(world, (sku, 6)) + step

    return ready


def _goods(path: str) -> Ready:
    def ready(world: World, sku: str) -> str:
        goods(world, **{sku: 10})
        return path.format(sku=sku)

    return ready


def _counting(step: str) -> Ready:
    def ready(world: World, sku: str) -> str:
        goods(world, **{sku: 10, f"{sku}-B": 3})
        path = opened(world, sku, f"{sku}-B")
        found(world, path, **{sku: 8})
        return path + step.format(sku=sku)

    return ready


def _submitted(step: str, limit: int | None = None) -> Ready:
    def ready(world: World, sku: str) -> str:
        goods(world, **{sku: 10, f"{sku}-B": 3})
        limits(world, count_approval_above_units=limit)
        return counted(world, **{sku: 8, f"{sku}-B": 4}) + step

    return ready


def _snapshot(world: World, sku: str) -> str:
    goods(world, **{sku: 10, f"{sku}-B": 3})
    world.drain()
    lines = [{"sku": sku, "on_hand": 8}, {"sku": f"{sku}-B", "on_hand": 4}]
    body = {"taken_at": clock.stamp(clock.now()), "lines": lines}
    assert world.call("PUT", f"/v1/stock-snapshots/{sku}", body).status == 201
    return f"/v1/stock-snapshots/{sku}/accept"


COUNT, TRANSFER = "/v1/counts/{count_id}", "/v1/stock-transfers/{transfer_id}"
NOTED = {"note": "another"}
ROWS = (
    Row("POST /v1/stock-transfers", _sites, _travelling, NOTED),
    Row(f"POST {TRANSFER}/receipts", _sent("/receipts"), says(), {"lines": [{"sku": "A-1", "quantity": 6}]}),
    Row(f"POST {TRANSFER}/close", _sent("/close"), says(reason="gone", outcome="lost"), {"outcome": "returned"}),
    Row("POST /v1/counts", _goods("/v1/counts"), lambda sku: {"skus": [sku]}, NOTED),
    Row(f"PUT {COUNT}/lines/{{sku}}", _counting("/lines/{sku}"), says(counted=7), {"counted": 6}),
    Row(f"POST {COUNT}/submit", _counting("/submit"), says(uncounted="zero"), {"uncounted": "skip"}),
    Row(f"POST {COUNT}/approve", _submitted("/approve", 1), says(), {"reason": "another"}, OTHER),
    Row(f"POST {COUNT}/reject", _submitted("/reject", 1), says(reason="no"), {"reason": "another"}, OTHER),
    Row(f"POST {COUNT}/post", _submitted("/post"), says(), {"nothing": "known"}),
    Row("POST /v1/stock-snapshots/{snapshot_id}/accept", _snapshot, says(), {"skus": ["A-1"]}),
    Row(
        "POST /v1/stock/{sku}/quarantine",
        _goods("/v1/stock/{sku}/quarantine"),
        says(quantity=2, action="hold", reason="wet"),
        {"quantity": 3},
    ),
)
APART = {"PUT /v1/stock-snapshots/{snapshot_id}": "the same body is the same snapshot: test_snapshots.py"}


def stock(world: World, sku: str) -> list[tuple[object, ...]]:
    """Return every movement of goods, and the counters of their shelves."""
    world.drain()
    moves = [
        (warehouse, one["seq"], one["reason"])
        for warehouse in ("main", WEST)
        for one in world.call("GET", f"/v1/stock/{sku}/movements?warehouse={warehouse}").body["data"]
    ]
    shelves = world.call("GET", f"/v1/stock/{sku}").body.get("warehouses", ())
    return [*moves, *(tuple(one[name] for name in COUNTERS) for one in shelves)]


def test_every_command_of_the_warehouse_is_in_the_table() -> None:
    commands = {route for route in ROUTES["stocktaking"] if not route.startswith("GET ")}

    assert {row.route for row in ROWS} | APART.keys() == commands | {"POST /v1/stock/{sku}/quarantine"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.route)
def test_a_command_sent_again_has_its_first_outcome_and_moves_nothing(world: World, row: Row) -> None:
    path = row.ready(world, "A-1")
    world.drain()

    first = row.send(world, path, "A-1")
    before = stock(world, "A-1")
    again = row.send(world, path, "A-1")
    other = row.send(world, path, "A-1", **row.other)

    assert first.status in {200, 201}, first.text
    assert "Idempotency-Replayed" not in first.headers
    assert (again.status, again.headers.get("Idempotency-Replayed")) == (first.status, "true"), again.text
    same = {name: value for name, value in first.body.items() if name != "movement"}
    assert same.items() <= again.body.items()
    assert (other.status, other.code) == (422, "idempotency_key_reused")
    assert stock(world, "A-1") == before
    assert world.broken() == []
