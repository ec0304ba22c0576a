"""Ways through the model of one stock item, taken through the real functions, every counter compared.

A way is made of whole acts: a command, a delivery to the stock consumer, a run of the filler. Between what an
act reads and what it writes, other acts may come. Quotes, payments and lost answers are left out.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from soms.inventory import store as stock
from soms.inventory.model import StockItem
from soms.kit import aws, clock, items
from soms.kit.settings import Setting
from soms.orders import filling, queue, store

from tests import engine
from tests.properties.stock_following import follow
from tests.properties.stock_moves import KINDS
from tests.properties.stock_scope import Scope
from tests.properties.stock_state import DONE, TODO, Command, Effect, Rules, World, check, check_rest
from tests.world import World as System

RULES = Rules()
SPLIT = frozenset({"cancel", "ship", "move", "count"})
"""Commands of which the model and the code read the same at the same moment."""


@dataclass
class Replay:
    """One way, in the model and on the system."""

    system: System
    scope: Scope
    random: Random
    sku: str
    buyer: str
    world: World
    way: list[str] = field(default_factory=list)
    orders: dict[int, str] = field(default_factory=dict)
    heard: int = 0
    applied: list[Effect] = field(default_factory=list)
    between: int = 0

    @property
    def item(self) -> StockItem:
        return StockItem(sku=self.sku, warehouse="main")

    def take(self) -> None:
        """Act until nothing is left to do; compare after each act."""
        while acts := self._acts():
            self.random.choice(acts)()
            self._compare()
        check(self.world)
        check_rest(self.world)

    def _acts(self, *, inside: bool = False) -> list[Callable[[], None]]:
        acts: list[Callable[[], None]] = []
        for number, command in enumerate(self.scope.commands):
            born = command.kind in {"place", "receipt", "count"} or command.order in self.orders
            whole = not inside or command.kind not in {"place", "amend"}
            if self.world.runs[number] == TODO and born and whole:
                acts.append(lambda number=number: self._command(number, inside=inside))  # type: ignore[misc]
        if not self.world.consumer:
            wanted = [*self.world.pending, *self.applied[-1:]]
            acts += [lambda one=one: self._effect(one, inside=inside) for one in wanted]  # type: ignore[misc]
        if self.world.news and not self.world.filler:
            acts.append(lambda: self._fill(inside=inside))
        left = self.world.pending or self.world.news or TODO in self.world.runs
        return acts if left else []

    def _command(self, number: int, *, inside: bool) -> None:
        command = self.scope.commands[number]
        begun = self.world
        after, written = _finished(begun, number, command)
        if written and command.kind in SPLIT and not inside and self.random.random() < 0.6:
            self.world = _begun(begun, number, command)
            self._with_others(lambda: self._send(command), f"{command} begins")
            self.world, written = _finished(self.world, number, command)
        else:
            self._send(command)
            self.world = after
        self.way.append(f"{command}: {'written' if written else 'refused'}")

    def _with_others(self, act: Callable[[], None], what: str) -> None:
        """Act, and between what is read and what is written let others act."""
        self.way.append(what)

        def others() -> None:
            self.between += 1
            for _ in range(self.random.randint(1, 2)):
                if acts := self._acts(inside=True):
                    self.random.choice(acts)()
            # A count that has to decide again needs the ledger, too.
            self._hear()

        engine.before_writing(others)
        act()

    def _send(self, command: Command) -> None:
        order, path = self.orders.get(command.order, ""), f"/v1/orders/{self.orders.get(command.order)}"
        call = self.system.call
        if command.kind == "place":
            placed = self.system.order(
                self.buyer,
                (self.sku, command.units),
                body={"backorder": "allow" if command.wait else "reject"},
            )
            if placed.status == 201:
                self.orders[command.order] = placed.body["id"]
        elif command.kind == "cancel":
            call("POST", f"{path}/cancel", {"lines": [{"line": 1, "quantity": command.units}]})
        elif command.kind == "ship":
            call("POST", f"{path}/shipments", {}, as_="warehouse")
        elif command.kind in {"amend", "move"}:
            self._patch(order, command)
        else:
            self._hear()
            word = {"receipt": "delta", "count": "counted"}[command.kind]
            body = {word: command.units, "reason": command.kind}
            call("POST", f"/v1/stock/{self.sku}/adjustments", body, as_="warehouse")

    def _patch(self, order: str, command: Command) -> None:
        """Amend as a client does who reads anew when somebody else was quicker."""
        for _ in range(3):
            read = self.system.call("GET", f"/v1/orders/{order}")
            line = read.body["lines"][0]
            more = {"line": 1, "quantity": line["quantity"] - line.get("cancelled", 0) + command.units}
            body = {"priority": 9} if command.kind == "move" else {"lines": [more]}
            match = {"If-Match": read.headers["ETag"]}
            if self.system.call("PATCH", f"/v1/orders/{order}", body, headers=match).status != 412:
                return

    def _hear(self) -> None:
        """Let the ledger follow, without which no count finds whose the reservations are."""
        assert self.system.deliver("ledger", self._stock_records()) == {"batchItemFailures": []}

    def _stock_records(self) -> list[Any]:
        records = self.system.records("INVENTORY_TABLE")
        of_stock = [one for one in records if _image(one).get("kind") == "stock"]
        return [one for one in of_stock if _image(one)["sku"] == self.sku]

    def _effect(self, effect: Effect, *, inside: bool) -> None:
        order = self.orders[effect.order]
        record = next(
            one
            for one in self.system.records("ORDERS_TABLE")
            if (_image(one).get("id"), _image(one).get("version")) == (order, effect.version)
            and "effects" in _image(one)
        )
        name = f"effects of {'ABC'[effect.order]}'s version {effect.version}"
        if effect in self.applied:
            assert self.system.deliver("stock", [record]) == {"batchItemFailures": []}
            self.way.append(f"{name} once more")
            return
        answers: list[Any] = []
        if not inside and effect.queue and (read := _read(self.world, effect)) and self.random.random() < 0.6:
            self.world = read
            self._with_others(lambda: answers.append(self.system.deliver("stock", [record])), f"{name} begin")
        else:
            answers.append(self.system.deliver("stock", [record]))
        self.world, done = _applied(self.world, effect)
        assert (answers == [{"batchItemFailures": []}]) == done, f"{name}: {answers}"
        self.applied += [effect] if done else []
        self.way.append(f"{name}: {'applied' if done else 'too early'}")

    def _fill(self, *, inside: bool) -> None:
        def act() -> None:
            filling.fill(self.item, now=clock.now())

        self.heard = len(self._stock_records())
        self.world = _filling(self.world)
        if self.world.filler and not inside and self.random.random() < 0.6:
            self._with_others(act, "the filler begins")
        else:
            act()
        while self.world.filler:
            self.world = _next(self.world)
        self.way.append("the filler runs")

    def _compare(self) -> None:
        told = "\n".join(self.way)
        assert _seen(self) == _expected(self), f"{self.scope.name}\n{told}"
        if self.world.news:
            fresh = [_image(one) for one in self._stock_records()[self.heard :]]
            assert any(filling.is_due(one) for one in fresh), f"nobody was woken\n{told}"


def _finished(world: World, number: int, command: Command) -> tuple[World, bool]:
    """Return the world after the command has come to an end, and whether it wrote."""
    while True:
        what, world = next(KINDS[command.kind](world, number, command, world.runs[number], RULES))
        if world.runs[number] == DONE or what == "is to be tried again":
            return world, what == "written"


def _begun(world: World, number: int, command: Command) -> World:
    """Return the world after the command has read what it decides on."""
    while world.runs[number][0] != "read":
        _, world = next(KINDS[command.kind](world, number, command, world.runs[number], RULES))
    return world


def _read(world: World, effect: Effect) -> World | None:
    """Return the world after the consumer has read for these effects, or None where they must wait."""
    alone = world._replace(pending=(effect,), filler=None, news=False)
    read = next((one for _, one in follow(alone, RULES)), None)
    return world._replace(consumer=read.consumer) if read else None


def _applied(world: World, effect: Effect) -> tuple[World, bool]:
    """Return the world after these effects were applied, and whether they could be."""
    while True:
        if not world.consumer and effect.queue:
            read = _read(world, effect)
            if read is None:
                return world, False
            world = read
        begun = world if world.consumer else world._replace(consumer=("read", effect, ()))
        _, world = next(follow(begun, RULES))
        if effect not in world.pending:
            return world, True


def _next(world: World) -> World:
    """Return the world after the filler's next step."""
    _, after = next(follow(world._replace(pending=(), consumer=None), RULES))
    return after._replace(pending=world.pending, consumer=world.consumer)


def _filling(world: World) -> World:
    """Return the world after the filler has read what it gives, or found nothing to give."""
    world = _next(world)
    while world.filler and world.filler[0] != "read":
        world = _next(world)
    return world


def _image(record: Any) -> dict[str, Any]:
    return items.decode(record["dynamodb"].get("NewImage", {}))


def _seen(replay: Replay) -> object:
    shelf = stock.get(replay.item)
    orders = {}
    for number, name in replay.orders.items():
        order = store.get(name)
        line = order.lines[0]
        orders[number] = (
            *(order.status == "confirmed", order.version, line.quantity, line.reserved, line.backordered),
            *(line.shipped, line.cancelled, line.queued_at, order.priority),
        )
    # Also those without units, which keep their stamp while their line waits.
    rows = aws.query(Setting.INVENTORY, "pk = :pk", {":pk": f"queue#{replay.item}"}, consistent=True)
    entries = (queue.entry_of(replay.item, str(row["sk"]), row) for row in rows)
    waits = sorted((int(one.place[0]), one.order_id, one.quantity, one.stamp) for one in entries)
    return (shelf.on_hand, shelf.reserved, shelf.available, shelf.backordered), orders, waits


def _expected(replay: Replay) -> object:
    world = replay.world
    orders = {
        number: (
            *(one.status == "confirmed", one.version, one.quantity, one.reserved, one.waiting),
            *(one.shipped, one.cancelled, one.queued_at, one.place[0]),
        )
        for number, one in enumerate(world.orders)
        if one.status != "none"
    }
    waits = sorted(
        (one.place[0], replay.orders[one.place[1]], one.quantity, one.stamp) for one in world.entries
    )
    return tuple(world.stock[:4]), orders, waits
