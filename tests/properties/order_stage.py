"""The whole system on moto, made quick enough for long programmes, with a clock that can be set."""

import copy
import json
import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self
from unittest.mock import patch

from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table
from soms.kit import clock

from tests.world import World

START = datetime(2026, 3, 2, 1, tzinfo=UTC)
SERIALIZE = BaseJSONSerializer._serialize_type_structure


class Snapshots:
    """Stands for `copy` in moto, which copies whole tables and their streams for each transaction.

    A snapshot shares its items with the table; before moto changes one in place it copies it, and the copy
    is what the snapshot keeps.
    """

    def __init__(self) -> None:
        self.kept: dict[str, Table] = {}

    def deepcopy(self, thing: Any) -> Any:
        if isinstance(thing, Table):
            return self._table(thing)
        same = copy.deepcopy(thing)
        if isinstance(thing, Item):
            for table in self.kept.values():
                self._keep(table, thing, same)
        return same

    def _table(self, thing: Table) -> Table:
        kept = copy.copy(thing)
        kept.items = defaultdict(dict)
        for key, held in thing.items.items():
            kept.items[key] = dict(held) if isinstance(held, dict) else held
        if thing.stream_shard:
            kept.stream_shard = copy.copy(thing.stream_shard)
            kept.stream_shard.items = list(thing.stream_shard.items)
            kept.stream_shard.table = kept
        self.kept[kept.name] = kept
        return kept

    def _keep(self, table: Table, thing: Item, same: Item) -> None:
        held = table.items.get(thing.hash_key)
        if held is thing:
            table.items[thing.hash_key] = same
        elif isinstance(held, dict) and held.get(thing.range_key) is thing:
            held[thing.range_key] = same


def _structure(serializer: BaseJSONSerializer, serialized: Any, value: Any, shape: Any, key: str) -> None:
    """Pass an attribute's value on as it is; moto would look at every member that it might have."""
    if shape.name == "AttributeValue" and key:
        serialized[key] = _plain(value)
    else:
        SERIALIZE(serializer, serialized, value, shape, key)


def _plain(value: Any) -> Any:
    if isinstance(value, DynamoType):
        return {value.type: _plain(value.value)}
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value


@dataclass
class Stage(World):
    """A world that reads its streams where it left off, and whose time is `now`."""

    now: datetime = START
    at: dict[str, int] = field(default_factory=dict)
    told: dict[str, list[Any]] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def opened(cls) -> Iterator[Self]:
        with (
            patch.object(BaseJSONSerializer, "_serialize_type_structure", _structure),
            patch("moto.dynamodb.models.copy", Snapshots()),
            World.opened.__func__(cls) as stage,  # type: ignore[attr-defined]
            patch.object(clock, "now", lambda: stage.now),
        ):
            yield stage

    def records(self, table: str) -> list[Any]:
        shard = _backend().get_table(os.environ[table]).stream_shard
        told = self.told.setdefault(table, [])
        assert shard is not None
        fresh = [one.to_json() for one in shard.items[len(told) :]]
        told += json.loads(json.dumps(fresh, default=str))
        return told


def _backend() -> DynamoDBBackend:
    account, region = "123456789012", os.environ["AWS_DEFAULT_REGION"]
    return dynamodb_backends[account][region]
