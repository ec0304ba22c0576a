"""Hot SKUs: stock split into shards on keys of their own, so that many may take from it at once."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Final

from pydantic import Field

from soms.catalog import store as catalog
from soms.inventory import store
from soms.inventory.commands import stocked
from soms.inventory.model import Delta, Stock, StockItem
from soms.inventory.store import Cause
from soms.kit import access, journal
from soms.kit.access import Caller
from soms.kit.fields import Code, Request
from soms.kit.problems import Unavailable
from soms.kit.streams import Change
from soms.kit.writes import AlreadyDone, Writes, decide

MOST_SHARDS: Final = 32
LEVELLING: Final = "levelling"


class ShardsRequest(Request):
    """Into how many shards the stock of a SKU is split; 1 is not at all."""

    warehouse: Code = "main"
    shards: Annotated[int, Field(strict=True, ge=1, le=MOST_SHARDS)]


def split(sku: str, request: ShardsRequest, caller: Caller, *, now: datetime) -> Stock:
    """Split the stock of a hot SKU, or put it together again; the streams move the units.

    In the model of `make bench-hot-sku` each shard serves about thirty orders a second at the budget.
    Orders placed from now on know of it.
    """

    def attempt() -> Stock:
        item, before = stocked(sku, request.warehouse)
        product = catalog.get_product(sku)
        shards = max(before.shards, request.shards)
        event = journal.Event(
            name="stock.split",
            aggregate=f"stock#{item}",
            version=before.seq + 1,
            resource=("stock", sku),
            changes={"shards": [before.spread, request.shards]},
        )
        entry = journal.entry_id(caller, event.aggregate, event.version)
        cause = Cause(entry, "split", event.aggregate, caller.name)
        after = product.model_copy(update={"version": product.version + 1, "stock_shards": request.shards})

        writes = Writes()
        journal.record(writes, event, caller, at=now)
        catalog.put_product(writes, after, before=product)
        said = {"shards": shards, "spread": request.shards}
        store.note(writes, item, cause, said, seq=before.seq)
        writes.commit()
        return store.whole(item)

    return decide(attempt)


def follow(changes: Sequence[Change], *, now: datetime) -> None:
    """Follow changes of stock items: where units of a hot SKU lie unevenly, they are levelled out."""
    images = (change.new or {} for change in changes)
    found = [Stock.model_validate(one) for one in images if one.get("kind") == "stock"]
    for item in dict.fromkeys(one.item.whole for one in found if one.shards > 1):
        # Whoever sells meanwhile goes first; the next change looks again.
        with suppress(Unavailable, AlreadyDone):
            level(item, now=now)


def level(item: StockItem, *, now: datetime) -> None:
    """Move free units between shards until each has about as many, in one transaction."""

    def attempt() -> None:
        shelves = store.with_shards([item])
        first = shelves[item]
        moves = levelled({one.shard: held.available for one, held in shelves.items()}, first.spread)
        if not moves:
            return
        deltas = {item.of_shard(number): Delta(on_hand=units) for number, units in moves.items()}
        event = journal.Event(
            name="stock.levelled",
            aggregate=f"shards#{item}",
            version=first.seq,
            resource=("stock", item.sku),
            moved={str(one): delta.told("gather") for one, delta in deltas.items()},
        )
        told = "#".join(f"{one}:{shelves[one].seq}" for one in deltas)
        caller = access.system(LEVELLING, f"{item}#{told}")
        cause = Cause(journal.entry_id(caller, event.aggregate, 1), "gather", event.aggregate, caller.name)
        writes = Writes()
        journal.record(writes, event, caller, at=now)
        for one, delta in deltas.items():
            store.move(writes, one, cause, delta, refused=store.stale)
        writes.commit()

    decide(attempt)


def levelled(free: Mapping[int, int], spread: int) -> dict[int, int]:
    """Return by how many units each shard is to change; nothing while none has more than twice its share.

    Few units are not worth moving: whoever needs them gathers them.
    """
    total = sum(free.values())
    share, rest = divmod(total, spread)
    strays = any(units for number, units in free.items() if number >= spread)
    if not strays and max(free.values()) <= 2 * share + 2:
        return {}
    wanted = {number: share + (number < rest) if number < spread else 0 for number in free}
    return {number: wanted[number] - free[number] for number in free if wanted[number] != free[number]}
