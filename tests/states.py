"""Orders in every state that a command needs, made through the doors."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from soms.kit import clock

from tests.world import Answer, World

Rule = Mapping[str, object]
BIG: Rule = {"id": "big", "name": "Big orders", "total_above": "50.00"}
MONEY: Rule = {"id": "money", "total_above": "50.00", "approvers": ["finance_manager"]}
WHY = {"reason": "so it is"}
LATER = timedelta(hours=2)
INSPECTED = {"line": 1, "restock": 1, "scrap": 1}


@dataclass(frozen=True)
class Case:
    """An order and all that belongs to it, in the state that a command needs."""

    sku: str
    customer: str
    order: str = ""
    part: str = ""

    def path(self, step: str = "") -> str:
        return f"/v1/orders/{self.order}{step}"


Ready = Callable[[World, str], Case]


def do(world: World, path: str, body: object = None, **more: Any) -> Any:
    answer = world.call("POST", path, body or {}, **more)
    assert answer.status in {200, 201}, answer.text
    return answer.body


def amend(
    world: World, case: Case, change: object, key: str | None = None, match: str | None = None
) -> Answer:
    headers = {"If-Match": match or world.call("GET", case.path()).headers["ETag"]}
    if key:
        headers["Idempotency-Key"] = key
    return world.call("PATCH", case.path(), change, headers=headers)


@contextmanager
def later() -> Iterator[None]:
    """Let it be later, so that quotes of an hour are over."""
    moment = clock.now() + LATER
    with patch.object(clock, "now", lambda: moment):
        yield


def ruled(world: World, *rules: Rule) -> None:
    answer = world.call("PUT", "/v1/settings", {"approval_rules": list(rules)})
    assert answer.status == 200, answer.text


def under(rule: Rule, ready: Ready) -> Ready:
    """Let a rule be there before the state is made."""

    def make(world: World, name: str) -> Case:
        ruled(world, rule)
        return ready(world, name)

    return make


def lines(units: int = 1, **more: object) -> dict[str, object]:
    return {"lines": [{"line": 1, "quantity": units, **more}]}


def goods(world: World, name: str) -> Case:
    sku = world.product(name)
    world.stock(sku, 10)
    return Case(sku, world.customer(credit_limit="1000.00"))


def _placed(world: World, name: str, units: int = 3, **body: object) -> Case:
    case = goods(world, name)
    placed = world.order(case.customer, (case.sku, units), body=body)
    assert placed.status == 201, placed.text
    return replace(case, order=placed.body["id"])


def ordered(world: World, name: str) -> Case:
    return _placed(world, name)


def drafted(world: World, name: str) -> Case:
    return _placed(world, name, status="draft")


def quoted(world: World, name: str, units: int = 3, *, reserve: bool = True) -> Case:
    case = _placed(world, name, units, status="draft")
    over = clock.stamp(clock.now() + LATER / 2)
    do(world, case.path("/quote"), {"expires_at": over, "reserve": reserve})
    return case


def quoted_for_an_approval(world: World, name: str) -> Case:
    ruled(world, BIG)
    return quoted(world, name, 5)


def waiting(world: World, name: str) -> Case:
    ruled(world, BIG)
    return _placed(world, name, 5)


def waiting_for_two(world: World, name: str) -> Case:
    ruled(world, BIG, MONEY)
    return _placed(world, name, 5)


def proposed(world: World, name: str) -> Case:
    ruled(world, BIG)
    case = _placed(world, name)
    assert amend(world, case, lines(5)).body["waiting"]["kind"] == "amendment"
    return case


def shipped(world: World, name: str, units: int = 3) -> Case:
    case = _placed(world, name)
    sent = do(world, case.path("/shipments"), lines(units))
    return replace(case, part=sent["id"])


def begun(world: World, name: str) -> Case:
    return shipped(world, name, 1)


def held(world: World, name: str) -> Case:
    case = _placed(world, name)
    hold = do(world, case.path("/holds"), {"kind": "manual", **WHY})
    return replace(case, part=hold["id"])


def closed(world: World, name: str) -> Case:
    case = begun(world, name)
    do(world, case.path("/close"))
    return case


def asked_back(world: World, name: str) -> Case:
    case = shipped(world, name)
    made = do(world, case.path("/returns"), lines(2, reason="too big"))
    return replace(case, part=made["id"])


def agreed(world: World, name: str) -> Case:
    return _onwards(world, asked_back(world, name), "approve")


def received(world: World, name: str) -> Case:
    return _onwards(world, agreed(world, name), "receive")


def inspected(world: World, name: str) -> Case:
    return _onwards(world, received(world, name), "inspect", {"lines": [INSPECTED]})


def _onwards(world: World, case: Case, step: str, body: object = None) -> Case:
    do(world, f"/v1/returns/{case.part}/{step}", body)
    return case
