"""`make bench-hot-sku`: what splitting the stock of one hot SKU brings, in a model of DynamoDB's limits.

A simulation by events, not a measurement: nothing of it ran on AWS. What is modelled:

- A partition serves 1 000 write units a second (DynamoDB Developer Guide, "Partitions and data
  distribution"); a transactional write of an item of up to 1 KB costs two ("Capacity unit consumption").
  Burst and adaptive capacity are left out, so that the model is worse than the service.
- A transaction that touches an item of another one that is not over is cancelled with TransactionConflict
  ("Transactions: how it works"). How long an item is held is drawn from a lognormal distribution.
- Refused attempts cost as much as good ones. Retries are ours: `aws.pause`, as often and as long as
  `Writes.commit` and `decide` go on.
- An order's other items (order, journal, number) are its own and stand in nobody's way.

The choice of shards is that of the orders: by chance first, then another that has enough, then gathered.
"""

import heapq
import random
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table
from soms.kit import aws, writes

WRITE_UNITS: Final = 1_000.0
BUCKET: Final = WRITE_UNITS / 10
"""A partition that was idle may serve a tenth of a second's units at once, and no more."""
COST: Final = 2.0
WIDTH: Final = 118
READ_SECONDS: Final = 0.004
DEADLINE: Final = 25 * writes.SHARE_OF_TIME
TARGET: Final = 0.001
"""At most so many of the orders may be refused although there was stock: one in a thousand."""
ENOUGH_SHARDS: Final = 16
Step = Generator[float, None, None]


class Conflict(Exception):
    """The engine refuses a transaction for the moment."""


@dataclass(frozen=True)
class Load:
    """What is offered: orders a second for so many seconds, their units, and the units there are."""

    orders: float = 500.0
    seconds: float = 20.0
    units: tuple[int, ...] = (1, 1, 1, 2, 3)
    stock: int = 1_000_000
    held_ms: float = 8.0
    spread: float = 0.5


@dataclass
class Outcome:
    """What became of the orders."""

    offered: int = 0
    served: int = 0
    sold: int = 0
    no_stock: int = 0
    refused: int = 0
    attempts: int = 0
    left: int = 0
    smallest_refused: int | None = None
    seconds: list[float] = field(default_factory=list)

    @property
    def unsold(self) -> int:
        """Return the units left although somebody who wanted no more was refused for want of stock."""
        return self.left if self.smallest_refused and self.smallest_refused <= self.left else 0

    def at(self, share: float) -> float:
        """Return how long an order took at most, for such a share of those served, in milliseconds."""
        ranked = sorted(self.seconds)
        return 1000 * ranked[min(len(ranked) - 1, int(len(ranked) * share))] if ranked else 0.0


class Shelf:
    """The shards of one SKU: their units, and when each may be written again."""

    def __init__(self, shards: int, load: Load, chance: random.Random) -> None:
        """Spread the units evenly."""
        self._load, self._chance = load, chance
        share, rest = divmod(load.stock, shards)
        self.free = [share + (number < rest) for number in range(shards)]
        self._held_until = [0.0] * shards
        self._tokens = [BUCKET] * shards
        self._seen = [0.0] * shards

    def take(self, wanted: dict[int, int], now: float) -> bool:
        """Take units from shards in one transaction; tell whether all had them, or raise Conflict."""
        free = all(self._held_until[one] <= now for one in wanted)
        paid = [self._pay(one, now) for one in wanted]
        if not free or not all(paid):
            raise Conflict
        if any(self.free[one] < units for one, units in wanted.items()):
            return False
        held = self._chance.lognormvariate(0.0, self._load.spread) * self._load.held_ms / 1000
        for one, units in wanted.items():
            self.free[one] -= units
            self._held_until[one] = now + held
        return True

    def _pay(self, shard: int, now: float) -> bool:
        grown = self._tokens[shard] + (now - self._seen[shard]) * WRITE_UNITS
        self._tokens[shard], self._seen[shard] = min(BUCKET, grown), now
        if self._tokens[shard] < COST:
            return False
        self._tokens[shard] -= COST
        return True


class Run:
    """One run of the simulation."""

    def __init__(self, shards: int, load: Load, seed: int) -> None:
        """Prepare a run; the same seed makes the same run."""
        # Our own pauses draw from the module's generator.
        random.seed(seed)
        self._chance = random.Random(seed)  # noqa: S311 chance, not a secret
        self.load, self.shards, self.now = load, shards, 0.0
        self.shelf = Shelf(shards, load, self._chance)
        self.outcome = Outcome()
        self._queue: list[tuple[float, int, Step]] = []

    def play(self) -> Outcome:
        """Let every order arrive and go its way."""
        at = 0.0
        while (at := at + self._chance.expovariate(self.load.orders)) < self.load.seconds:
            self.outcome.offered += 1
            heapq.heappush(self._queue, (at, self.outcome.offered, self._order(at)))
        while self._queue:
            self.now, number, step = heapq.heappop(self._queue)
            pause = next(step, None)
            if pause is not None:
                heapq.heappush(self._queue, (self.now + pause, number, step))
        self.outcome.left = sum(self.shelf.free)
        return self.outcome

    def _order(self, arrived: float) -> Step:
        units = self._chance.choice(self.load.units)
        wanted = {self._chance.randrange(self.shards): units}
        for number in range(writes.DECISIONS):
            done: list[bool] = []
            yield from self._commit(wanted, arrived, done.append)
            if not done:
                self.outcome.refused += 1
                return
            if done[0]:
                self.outcome.served += 1
                self.outcome.sold += units
                self.outcome.seconds.append(self.now - arrived)
                return
            if number:
                yield aws.pause(number)
            yield READ_SECONDS
            wanted = self.look(units)
            if not wanted:
                least = self.outcome.smallest_refused
                self.outcome.no_stock += 1
                self.outcome.smallest_refused = units if least is None else min(least, units)
                return
        self.outcome.refused += 1

    def _commit(self, wanted: dict[int, int], arrived: float, told: Callable[[bool], None]) -> Step:
        for attempt in range(aws.ATTEMPTS):
            self.outcome.attempts += 1
            try:
                told(self.shelf.take(wanted, self.now))
            except Conflict:
                pause = aws.pause(attempt)
                if self.now + pause - arrived > DEADLINE:
                    return
                yield pause
            else:
                return

    def look(self, units: int) -> dict[int, int]:
        """Return from which shards so many units can be taken; nothing where all together lack them."""
        ranked = sorted(range(self.shards), key=lambda one: -self.shelf.free[one])
        enough = [one for one in ranked if self.shelf.free[one] >= units]
        if enough:
            return {self._chance.choice(enough): units}
        taken: dict[int, int] = {}
        for one in ranked:
            more = min(self.shelf.free[one], units - sum(taken.values()))
            if more > 0:
                taken[one] = more
        return taken if sum(taken.values()) == units else {}


def holds(outcome: Outcome, stock: int) -> bool:
    """Tell whether a run keeps the budget: none oversold, none unsold, hardly any refused for conflict."""
    oversold = outcome.sold > stock or outcome.left < 0
    return not oversold and not outcome.unsold and outcome.refused <= TARGET * outcome.offered


def main(
    orders: Annotated[float, typer.Option(help="Orders offered a second.")] = 500.0,
    seconds: Annotated[float, typer.Option(help="For how long.")] = 20.0,
    held_ms: Annotated[float, typer.Option(help="How long a transaction holds an item: median in ms.")] = 8.0,
    seed: Annotated[int, typer.Option(help="The same seed makes the same run.")] = 1,
) -> None:
    """Show what is offered, served, refused and left unsold by the number of shards.

    Exit code 1: sixteen shards or more do not keep the budget.
    """
    console, failed = Console(width=WIDTH), False
    wanted = orders * seconds * sum(Load.units) / len(Load.units)
    for title, stock in (("stock enough", int(2 * wanted)), ("stock running out", int(wanted / 2))):
        load = Load(orders=orders, seconds=seconds, stock=stock, held_ms=held_ms)
        outcomes = [(shards, Run(shards, load, seed).play()) for shards in (1, 2, 4, 8, 16, 32)]
        name = f"{title}: {stock} units, {orders:g} orders/s, {seconds:g} s, seed {seed}"
        console.print(_table(name, outcomes, stock))
        failed |= any(not holds(one, stock) for shards, one in outcomes if shards >= ENOUGH_SHARDS)
    console.print(
        "Budget: at most 0.1 % refused for conflict, none oversold, none unsold. Milliseconds are those "
        "waited before the transaction that went through. A model: nothing of it ran on AWS.",
        highlight=False,
    )
    raise typer.Exit(int(failed))


def _table(title: str, outcomes: Sequence[tuple[int, Outcome]], stock: int) -> Table:
    columns = ("shards", "offered", "served", "no stock", "conflict", "share", "unsold", "oversold", "tries")
    table = Table(*columns, "p50 ms", "p99 ms", "budget", title=title, title_justify="left")
    for shards, one in outcomes:
        table.add_row(
            *(str(figure) for figure in (shards, one.offered, one.served, one.no_stock, one.refused)),
            f"{one.refused / one.offered:.2%}",
            str(one.unsold),
            str(max(one.sold - stock, 0)),
            f"{one.attempts / one.offered:.2f}",
            f"{one.at(0.5):.0f}",
            f"{one.at(0.99):.0f}",
            "kept" if holds(one, stock) else "not kept",
        )
    return table


if __name__ == "__main__":
    typer.run(main)
