"""The journal: one entry per command is audit record, idempotency record, outbox event and report facts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from soms.kit import aws, clock, ids, items
from soms.kit.access import Caller
from soms.kit.settings import Setting
from soms.kit.writes import AlreadyDone, Held, Rank, Writes

SHARDS = 4
HOUR = 13


@dataclass(frozen=True)
class Event:
    """What a command did, in terms of its aggregate.

    `changes` maps a field to (before, after), or to an empty list when its value is personal. `effects` is
    what the streams must still do; `moved` maps a stock item to the word for its movement and the changes of
    its counters, `costs` to what a unit that came in has cost; `facts` are what reports add up.
    """

    name: str
    aggregate: str
    version: int
    resource: tuple[str, str]
    status: int = 200
    changes: Mapping[str, object] = field(default_factory=dict)
    effects: Mapping[str, object] = field(default_factory=dict)
    moved: Mapping[str, object] = field(default_factory=dict)
    costs: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, object] = field(default_factory=dict)
    reason: str | None = None


def entry_id(caller: Caller, aggregate: str, version: int) -> str:
    """Return the id of the entry: the caller's key decides, or else aggregate and version."""
    return caller.command.entry or ids.derived("evt", "version", aggregate, str(version))


def record(writes: Writes, event: Event, caller: Caller, *, at: datetime) -> str:
    """Add the entry of a command to its writes and return its id; a second one is AlreadyDone."""
    entry = entry_id(caller, event.aggregate, event.version)
    writes.put(
        Setting.JOURNAL,
        _item(entry, event, caller, at),
        condition="attribute_not_exists(id)",
        refused=_already_done,
        rank=Rank.JOURNAL,
    )
    return entry


def find(entry: str) -> items.Item | None:
    """Return an entry as it stands now, strongly consistent, or None."""
    return aws.get(Setting.JOURNAL, {"id": entry}, consistent=True)


def find_many(entries: Iterable[str]) -> dict[str, items.Item]:
    """Return those of the entries that exist, by id, strongly consistent."""
    keys = [(Setting.JOURNAL, {"id": entry}) for entry in entries]
    return {str(item["id"]): item for item in aws.get_many(keys, consistent=True) if item}


def of_aggregate(
    aggregate: str, *, before: str | None = None, limit: int | None = None
) -> Iterable[items.Item]:
    """Yield the entries of an aggregate, newest first, from a position on."""
    values: dict[str, object] = {":aggregate": aggregate}
    condition = "#aggregate = :aggregate"
    if before:
        condition += " AND at_key < :before"
        values[":before"] = before
    return aws.query(
        Setting.JOURNAL,
        condition,
        values,
        names={"#aggregate": "aggregate"},
        index="by_aggregate",
        limit=limit,
        newest_first=True,
    )


def of_hour(hour: str) -> Iterable[items.Item]:
    """Yield the index rows of all entries of an hour such as `2026-11-23T09`, shard after shard."""
    for shard in range(SHARDS):
        yield from aws.query(
            Setting.JOURNAL, "hour_shard = :hour", {":hour": f"{hour}#{shard}"}, index="by_hour"
        )


def changes_of(row: Mapping[str, object]) -> dict[str, object]:
    """Return what an entry says changed: before and after, or None of what may be personal."""
    changes = row.get("changes")
    pairs = changes.items() if isinstance(changes, Mapping) else ()
    return {str(name): pair or None for name, pair in pairs}


def _already_done(held: Held) -> Exception:
    return AlreadyDone(held or {})


def _item(entry: str, event: Event, caller: Caller, at: datetime) -> items.Item:
    moment = clock.stamp(at)
    item: items.Item = {
        "id": entry,
        "event": event.name,
        "aggregate": event.aggregate,
        "version": event.version,
        "at_key": f"{moment}#{entry[-8:]}",
        "hour_shard": f"{moment[:HOUR]}#{ids.shard(entry, SHARDS)}",
        "by": caller.principal,
        "name": caller.name,
        "from": caller.address or None,
        "request": caller.command.request,
        "request_id": caller.request_id or None,
        "resource": list(event.resource),
        "status": event.status,
        "reason": event.reason,
        # An item keeps no null inside: an empty list says that a field changed, and not what it was.
        "changes": {name: [] if pair is None else pair for name, pair in event.changes.items()} or None,
        "effects": event.effects or None,
        "moved": event.moved or None,
        "costs": event.costs or None,
        "facts": event.facts or None,
    }
    return {name: value for name, value in item.items() if value is not None}
