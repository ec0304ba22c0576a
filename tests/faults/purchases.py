"""What is done with alerts and purchase orders under faults."""

from collections.abc import Callable

from tests.faults.stories import Found, Plot, Story
from tests.world import Answer, World

ALERTS = ("open", "acknowledged", "ordered", "snoozed", "dismissed", "resolved")
DAY, LATER = "2099-01-01", "2099-02-01"
Step = Callable[[World, str, str, str], Answer]


def known(world: World, name: str) -> Found:
    """Return all that is known of the goods of a story, which are bought from a supplier of the same name."""
    row = world.call("GET", f"/v1/stock/{name}").body["warehouses"][0]
    orders = world.call("GET", f"/v1/purchase-orders?supplier={name}").body["data"]
    paths = [f"/v1/purchase-orders/{one['id']}" for one in orders]
    receipts = [one for path in paths for one in world.call("GET", f"{path}/receipts").body["data"]]
    moves = world.call("GET", f"/v1/stock/{name}/movements").body["data"]
    return {
        "shelf": (row["on_hand"], row["incoming"]),
        "expected": [(one["quantity"], one["expected_on"]) for one in row["expected"]],
        "orders": [(one["status"], one["version"]) for one in orders],
        "received": [line["quantity"] for one in receipts for line in one["lines"]],
        "moves": [one["reason"] for one in moves][::-1],
        "alerts": [
            state
            for state in ALERTS
            for one in world.call("GET", f"/v1/stock-alerts?status={state}&limit=100").body["data"]
            if one["sku"] == name
        ],
    }


def _bought(world: World, name: str, key: str) -> Answer:
    lines = [{"sku": name, "quantity": 5, "unit_cost": "4.50"}]
    body = {"supplier": name, "lines": lines, "expected_on": DAY}
    return world.call("POST", "/v1/purchase-orders", body, key=key)


def _plot(title: str, step: Step, **expected: object) -> Plot:
    """Let a step be done to goods that run low with an alert, and to five of them on their way from before."""

    def make(world: World, name: str) -> Callable[[], Story]:
        world.product(name)
        order = str(_bought(world, name, f"{name}-first").body["id"])
        world.call("PUT", f"/v1/stock/{name}/reorder-rule", {"point": 8, "target": 20})
        world.drain()
        rows = world.call("GET", "/v1/stock-alerts?limit=100").body["data"]
        alert = str(next(one["id"] for one in rows if one["sku"] == name))
        return lambda: Story(lambda: step(world, name, order, alert), lambda: known(world, name))

    return Plot(title, make, {"letters": True, **expected})


def _order(world: World, name: str, _order: str, _alert: str) -> Answer:
    return _bought(world, name, name)


def _put_off(world: World, name: str, order: str, _alert: str) -> Answer:
    body = {"expected_on": LATER, "lines": [{"line": 1, "quantity": 7}]}
    headers = {"If-Match": '"1.0"', "Idempotency-Key": name}
    return world.call("PATCH", f"/v1/purchase-orders/{order}", body, headers=headers)


def _on_the_order(command: str, body: object) -> Step:
    def step(world: World, name: str, order: str, _alert: str) -> Answer:
        return world.call("POST", f"/v1/purchase-orders/{order}/{command}", body, key=name)

    return step


def _on_the_alert(command: str) -> Step:
    def step(world: World, name: str, _order: str, alert: str) -> Answer:
        return world.call("POST", f"/v1/stock-alerts/{alert}/{command}", {}, key=name)

    return step


BEFORE, LINE = ["incoming", "rule"], {"lines": [{"line": 1, "quantity": 2}]}
PURCHASES = (
    _plot(
        "buy",
        _order,
        shelf=(0, 10),
        expected=[(5, DAY), (5, DAY)],
        orders=[("ordered", 1), ("ordered", 1)],
        moves=[*BEFORE, "incoming"],
        alerts=["resolved"],
    ),
    _plot(
        "put-off",
        _put_off,
        shelf=(0, 7),
        expected=[(7, LATER)],
        orders=[("ordered", 2)],
        moves=[*BEFORE, "incoming"],
        alerts=["open"],
    ),
    _plot(
        "receive",
        _on_the_order("receipts", LINE),
        shelf=(2, 3),
        expected=[(3, DAY)],
        orders=[("partly_received", 2)],
        received=[2],
        moves=[*BEFORE, "receipt"],
        alerts=["open"],
    ),
    _plot(
        "close-purchase",
        _on_the_order("close", {"reason": "sold out"}),
        shelf=(0, 0),
        expected=[],
        orders=[("closed", 2)],
        alerts=["open"],
    ),
    _plot(
        "cancel-purchase",
        _on_the_order("cancel", {}),
        shelf=(0, 0),
        expected=[],
        orders=[("cancelled", 2)],
        alerts=["open"],
    ),
    _plot("acknowledge", _on_the_alert("acknowledge"), shelf=(0, 5), alerts=["acknowledged"]),
    _plot("snooze", _on_the_alert("snooze"), shelf=(0, 5), alerts=["snoozed"]),
    _plot("dismiss", _on_the_alert("dismiss"), shelf=(0, 5), alerts=["dismissed"]),
)
