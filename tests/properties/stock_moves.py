"""Every step that can come next in the model of one stock item, and what the clients' commands do."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tests.properties import stock_following
from tests.properties.stock_state import (
    DONE,
    TODO,
    Command,
    Effect,
    Entry,
    Order,
    Refuted,
    Rules,
    World,
    entry_at,
    moved,
    same,
    with_entry,
    with_order,
    with_run,
)

Step = tuple[str, World]


def steps(world: World, commands: Sequence[Command], rules: Rules) -> Iterator[Step]:
    """Yield every step from here: what a client's commands do, and what follows by itself."""
    for number, command in enumerate(commands):
        run: Any = world.runs[number]
        if run == DONE:
            continue
        if run == TODO and rules.journal and command.key in world.journal:
            yield f"{command}: was done already", with_run(world, number, DONE)
            continue
        for what, after in KINDS[command.kind](world, number, command, run, rules):
            yield f"{command}: {what}", after
    if not world.over and any(one.status == "quoted" for one in world.orders):
        yield "the time of the quotes is up", world._replace(over=True)
    yield from stock_following.follow(world, rules)


def _written(world: World, number: int, command: Command, rules: Rules, *what: Effect) -> Iterator[Step]:
    """Yield what a command's write comes to: once under its key, and its answer may be lost."""
    effects = tuple(one for one in what if one.release or one.queue)
    after = world._replace(journal=world.journal | {command.key}, pending=(*world.pending, *effects))
    yield "written", with_run(after, number, DONE)
    if world.losses:
        yield "written, the answer is lost", with_run(after._replace(losses=world.losses - 1), number, TODO)


def _replay(world: World, number: int, command: Command, rules: Rules) -> Iterator[Step]:
    if rules.journal and command.key in world.journal:
        yield "was done already", with_run(world, number, DONE)


def place(world: World, number: int, command: Command, run: Any, rules: Rules) -> Iterator[Step]:
    """Place an order, or a quote that keeps stock: reserve all; else reclaim; else wait or be refused."""
    if replay := list(_replay(world, number, command, rules)):
        yield from replay
    elif run[0] in {"todo", "again"}:
        after = moved(world, rules, reserved=command.units)
        if after:
            yield from _placed(after, number, command, rules, command.units)
        elif run[0] == "again":
            if run[1] and any(one.status == "quoted" for one in world.orders):
                raise Refuted(f"refused, although a quote keeps stock beyond its time: {world.orders}")
            yield "refused", with_run(world, number, DONE)
        else:
            yield "finds too little", with_run(world, number, ("short", world.over))
    else:
        yield from _short(world, number, command, run, rules)


def _short(world: World, number: int, command: Command, run: Any, rules: Rules) -> Iterator[Step]:
    if run[0] == "short":
        kept = [who for who, one in enumerate(world.orders) if one.status == "quoted" and run[1]]
        if kept and rules.reclaim:
            yield f"reclaims what quote {'ABC'[kept[0]]} keeps", expired(world, kept[0], rules)
        else:
            yield "decides again", with_run(world, number, ("wait",) if command.wait else ("again", run[1]))
    elif run[0] == "wait":
        yield "reads the shelf", with_run(world, number, ("read", max(world.stock.available, 0)))
    else:
        reserved = min(command.units, run[1])
        after = moved(world, rules, reserved=reserved) if reserved else world
        if after:
            yield from _placed(after, number, command, rules, reserved)
        else:
            yield "too late", with_run(world, number, ("wait",))


def _placed(world: World, number: int, command: Command, rules: Rules, reserved: int) -> Iterator[Step]:
    waiting = command.units - reserved
    order = world.orders[command.order]._replace(
        status="quoted" if command.kind == "quote" else "confirmed",
        version=1,
        quantity=command.units,
        reserved=reserved,
        waiting=waiting,
        queued_at=1 if waiting else 0,
    )
    queue = ((order.place, waiting),) if waiting else ()
    after = with_order(world, command.order, order)
    yield from _written(after, number, command, rules, Effect(command.order, 1, 0, queue))


def expired(world: World, who: int, rules: Rules) -> World:
    order = world.orders[who]
    after = moved(world, rules, reserved=-order.reserved)
    if after is None:
        raise Refuted("a quote cannot give back what it keeps")
    gone = order._replace(status="cancelled", version=order.version + 1, reserved=0)
    return with_order(after, who, gone)


Decision = Callable[[Order, Command, int], Order | None]


def _decided(decide: Decision, *, settles: bool = False) -> Callable[..., Iterator[Step]]:
    """Return a command that reads the order (and the shelf), decides, and writes if both are as read."""

    def act(world: World, number: int, command: Command, run: Any, rules: Rules) -> Iterator[Step]:
        order = world.orders[command.order]
        if run == TODO:
            if order.status != "none":
                yield "reads", with_run(world, number, ("read", order, world.stock.available, world.over))
            return
        read: Order = run[1]
        if not same(read, order, version=rules.version, settled=rules.settled):
            yield "too late", with_run(world, number, TODO)
            return
        decided = decide(read, command, run[3] if command.kind in {"accept", "expire"} else run[2])
        if replay := list(_replay(world, number, command, rules)):
            yield from replay
        elif decided is None:
            yield "refused", with_run(world, number, DONE)
        else:
            version, settled = read.version + (not settles), read.settled + settles
            after = decided._replace(version=version, settled=settled)
            yield from _changed(world, number, command, rules, read, after)

    return act


def _changed(
    world: World, number: int, command: Command, rules: Rules, read: Order, after: Order
) -> Iterator[Step]:
    more, sent = after.reserved - read.reserved, after.shipped - read.shipped
    back = max(-(more + sent), 0)
    at_once = command.kind == "expire"
    took = world
    if sent or more > 0 or (back and at_once):
        units = -sent if sent else max(more, 0) - back
        found = moved(world, rules, on_hand=-sent, reserved=units)
        if found is None:
            what, run = ("refused", DONE) if command.kind == "accept" else ("too late", TODO)
            yield what, with_run(world, number, run)
            return
        took = found._replace(physical=world.physical - sent)
    queue: dict[tuple[int, int], int] = {}
    for one, sign in ((read, -1), (after, 1)):
        if one.waiting and one.status in {"confirmed", "cancelled"}:
            queue[one.place] = queue.get(one.place, 0) + sign * one.waiting
    told = tuple((where, units) for where, units in sorted(queue.items()) if units)
    stamped = after._replace(queued_at=after.version) if told else after
    effect = Effect(command.order, after.version, 0 if at_once else back, told)
    yield from _written(with_order(took, command.order, stamped), number, command, rules, effect)


def _cancel(order: Order, command: Command, _: int) -> Order | None:
    units = min(command.units or 9, order.reserved + order.waiting)
    if order.status != "confirmed" or not units:
        return None
    waiting = min(order.waiting, units)
    return order._replace(
        waiting=order.waiting - waiting,
        reserved=order.reserved - (units - waiting),
        cancelled=order.cancelled + units,
        status="cancelled" if order.cancelled + units == order.quantity else "confirmed",
    )


def _ship(order: Order, command: Command, _: int) -> Order | None:
    if order.status != "confirmed" or not order.reserved:
        return None
    return order._replace(shipped=order.shipped + order.reserved, reserved=0)


def _amend(order: Order, command: Command, available: int) -> Order | None:
    if order.status != "confirmed":
        return None
    reserved = min(command.units, max(available, 0))
    return order._replace(
        quantity=order.quantity + command.units,
        reserved=order.reserved + reserved,
        waiting=order.waiting + command.units - reserved,
    )


def _move(order: Order, command: Command, _: int) -> Order | None:
    return order._replace(place=(9, order.place[1])) if order.status == "confirmed" else None


def _settle(order: Order, command: Command, _: int) -> Order | None:
    return order._replace(paid=order.paid + 1)


def _accept(order: Order, command: Command, over: int) -> Order | None:
    if order.status != "quoted" or over:
        return None
    return order._replace(status="confirmed", reserved=order.quantity)


def _expire(order: Order, command: Command, over: int) -> Order | None:
    return order._replace(status="cancelled", reserved=0) if order.status == "quoted" and over else None


def receipt(world: World, number: int, command: Command, run: Any, rules: Rules) -> Iterator[Step]:
    """Put units on the shelf, in one step: what is written does not depend on what was read."""
    after = moved(world, rules, on_hand=command.units)
    if after:
        # A repeated request is about the same goods.
        came = 0 if command.key in world.journal else command.units
        yield from _written(after._replace(physical=world.physical + came), number, command, rules)


def count(world: World, number: int, command: Command, run: Any, rules: Rules) -> Iterator[Step]:
    """Say how many units lie there; what is missing then is taken from the youngest orders."""
    if run == TODO:
        yield "reads the shelf", with_run(world, number, ("shelf", world.stock))
        return
    stock, units = run[1], command.units - run[1].on_hand
    if run[0] == "shelf":
        taken, left = [0] * len(world.orders), max(-(stock.available + units), 0)
        for who in reversed(range(len(world.orders))):
            taken[who] = min(world.orders[who].reserved, left)
            left -= taken[who]
        if left and rules.release_waited:
            yield "is to be tried again", with_run(world, number, TODO)
        else:
            read = tuple((who, world.orders[who], taken[who]) for who in range(len(taken)) if taken[who])
            yield "finds the youngest reservations", with_run(world, number, ("read", stock, read))
        return
    yield from _counted(world, number, command, run, rules)


def _counted(world: World, number: int, command: Command, run: Any, rules: Rules) -> Iterator[Step]:
    stock, units = run[1], command.units - run[1].on_hand
    late = rules.count_seq and world.stock.seq != stock.seq
    if rules.count_orders:
        late = late or any(
            not same(read, world.orders[who], version=True, settled=True) for who, read, _ in run[2]
        )
    lost = max(-(stock.available + units), 0)
    waiting = sum(units for _, read, units in run[2] if read.status == "confirmed")
    after = None if late else moved(world, rules, on_hand=units, reserved=-lost, backordered=waiting)
    if after is None:
        yield "too late", with_run(world, number, TODO)
        return
    after = after._replace(physical=command.units)
    for who, read, units in run[2]:
        waits_now = units if read.status == "confirmed" else 0
        changed = read._replace(
            reserved=read.reserved - units, waiting=read.waiting + waits_now, settled=read.settled + 1
        )
        after = with_order(after, who, changed)
        if waits_now:
            entry = entry_at(after, read.place)
            stamp = entry.stamp if entry.quantity or entry.stamp else read.queued_at
            after = with_entry(after, Entry(read.place, entry.quantity + waits_now, stamp), kept=False)
    yield from _written(after, number, command, rules)


KINDS: dict[str, Callable[..., Iterator[Step]]] = {
    "place": place,
    "quote": place,
    "cancel": _decided(_cancel),
    "ship": _decided(_ship),
    "amend": _decided(_amend),
    "move": _decided(_move),
    "settle": _decided(_settle, settles=True),
    "accept": _decided(_accept),
    "expire": _decided(_expire),
    "receipt": receipt,
    "count": count,
}
