"""What follows by itself in the model of one stock item: effects are applied, who waits is given goods."""

from collections.abc import Iterator, Sequence
from typing import Any

from tests.properties.stock_state import (
    Effect,
    Entry,
    Refuted,
    Rules,
    World,
    entry_at,
    moved,
    same,
    waits,
    with_entry,
    with_order,
)

Step = tuple[str, World]


def follow(world: World, rules: Rules) -> Iterator[Step]:
    """Yield the steps of the stock consumer and the filler."""
    yield from _consume(world, rules)
    yield from _fill(world, rules)


def _consume(world: World, rules: Rules) -> Iterator[Step]:
    if world.consumer:
        yield from _applied(world, rules)
        return
    for effect in dict.fromkeys(world.pending):
        if world.in_order and _is_behind(effect, world.pending):
            continue
        name = f"effects of {'ABC'[effect.order]}'s version {effect.version}"
        if effect.marked and rules.mark:
            yield f"{name}: were applied already", _without(world, effect)
            continue
        held = tuple((entry_at(world, where), waits(world, where)) for where, _ in effect.queue)
        sums = [entry.quantity + units for (entry, _), (_, units) in zip(held, effect.queue, strict=True)]
        if rules.dequeue_waits and sums and min(sums) < 0:
            continue
        read = world._replace(consumer=("read", effect, held))
        if effect.queue:
            yield f"{name}: the consumer reads", read
        else:
            yield from _applied(read, rules)


def _is_behind(effect: Effect, pending: Sequence[Effect]) -> bool:
    return any(one.order == effect.order and one.version < effect.version for one in pending)


def _without(world: World, effect: Effect) -> World:
    place = world.pending.index(effect)
    return world._replace(pending=world.pending[:place] + world.pending[place + 1 :])


def _applied(world: World, rules: Rules) -> Iterator[Step]:
    run: Any = world.consumer
    effect, held = run[1], run[2]
    name = f"effects of {'ABC'[effect.order]}'s version {effect.version}"
    free = world._replace(consumer=None)
    if rules.entry and any(entry_at(world, entry.place) != entry for entry, _ in held):
        yield f"{name}: too late", free
        return
    queued = sum(units for _, units in effect.queue)
    after = moved(free, rules, reserved=-effect.release, backordered=queued)
    if after is None:
        raise Refuted(f"{effect} cannot be applied to {world.stock}")
    for (entry, still), (_, units) in zip(held, effect.queue, strict=True):
        grown = Entry(entry.place, entry.quantity + units, max(entry.stamp, effect.version))
        after = with_entry(after, grown, kept=rules.stamp_kept and still)
    gone = _without(after, effect)
    yield f"{name}: applied", gone
    if world.repeats:
        again = (*gone.pending, effect._replace(marked=True))
        yield f"{name}: applied, and will come again", gone._replace(pending=again, repeats=world.repeats - 1)


def _fill(world: World, rules: Rules) -> Iterator[Step]:
    if not world.filler:
        if world.news:
            queue = tuple(one.place for one in world.entries)
            yield "the filler wakes", world._replace(news=False, filler=("todo", queue) if queue else None)
        return
    run: Any = world.filler
    if world.crashes:
        yield "the filler crashes", world._replace(filler=None, news=True, crashes=world.crashes - 1)
    if run[0] == "todo":
        where, rest = run[1][0], run[1][1:]
        entry, order = entry_at(world, where), world.orders[where[1]]
        agree = not rules.stamps or entry.stamp == order.queued_at
        agree = agree and (not rules.place or where == order.place)
        units = min(entry.quantity, order.waiting, world.stock.available)
        passed = world._replace(filler=("todo", rest) if rest else None)
        if world.stock.available <= 0:
            yield "the filler: no more to give", world._replace(filler=None)
        elif order.status != "confirmed" or not agree or units <= 0:
            yield f"the filler: leaves {where} alone", passed
        else:
            read = ("read", run[1], entry, order, world.stock.seq, units)
            yield f"the filler: reads {where}", world._replace(filler=read)
        return
    yield from _filled(world, rules)


def _filled(world: World, rules: Rules) -> Iterator[Step]:
    run: Any = world.filler
    (where, *rest), entry, order, seq, units = run[1:]
    who = where[1]
    late = world.stock.seq != seq or (rules.entry and entry_at(world, where) != entry)
    late = late or not same(order, world.orders[who], version=rules.fill_order, settled=rules.fill_order)
    after = None if late else moved(world, rules, reserved=units, backordered=-units)
    if after is None:
        yield "the filler: too late", world._replace(filler=("todo", run[1]))
        return
    filled = order._replace(
        reserved=order.reserved + units, waiting=order.waiting - units, settled=order.settled + 1
    )
    after = with_entry(
        with_order(after, who, filled),
        entry._replace(quantity=entry.quantity - units),
        kept=rules.stamp_kept and filled.waiting > 0,
    )
    yield (
        f"the filler: gives {units} to {'ABC'[who]}",
        after._replace(filler=("todo", tuple(rest)) if rest else None),
    )
