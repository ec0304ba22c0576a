"""Commands on orders as tests give them, with a key of their own: each takes the world, a case and its key."""

from collections.abc import Callable
from typing import Any

from tests.states import Case, amend
from tests.world import Answer, World

OTHER: dict[str, str] = {"as_": "sales_manager", "name": "max"}
Step = Callable[[World, Case, str], Any]


def post(path: str, body: object = None, **who: Any) -> Step:
    """Give a command by its path, in which the order's and the part's ids are filled in."""
    return lambda world, case, key: world.call(
        "POST", path.format(order=case.path(), part=case.part), body or {}, key=key, **who
    )


def change(body: object, version: int = 1) -> Step:
    """Amend the order in the version in which the case begins."""
    return lambda world, case, key: amend(world, case, body, key, match=f'"{version}.0"')


def place(units: int, **body: object) -> Step:
    return lambda world, case, key: world.order(case.customer, (case.sku, units), key=key, body=body)


def swap(units: int) -> Step:
    """Resolve a return by goods of the same kind."""

    def send(world: World, case: Case, key: str) -> Answer:
        body = {"resolution": "exchange", "exchange": [{"sku": case.sku, "quantity": units}]}
        return world.call("POST", f"/v1/returns/{case.part}/resolve", body, key=key)

    return send
