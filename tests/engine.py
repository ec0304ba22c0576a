"""The engine under the tests, made linear: as it comes, it copies whole tables for every action it is sent."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy, deepcopy
from functools import cache
from typing import Any
from unittest.mock import patch

import boto3
from botocore.loaders import JSONFileLoader
from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table
from soms.kit import aws

ACCOUNT = "123456789012"
EVENT = "before-call.dynamodb.TransactWriteItems"


_READ = JSONFileLoader.load_file


@cache
def _read(path: str) -> Any:
    return _READ(JSONFileLoader(), path)


def _loaded(_loader: JSONFileLoader, path: str) -> Any:
    # The descriptions of AWS do not change: each world has a session of its own, which would read them again.
    return _read(path)


@contextmanager
def quickened() -> Iterator[None]:
    """Let the engine copy only what changes, spell only what is there of an attribute's ten kinds, read once."""
    plain, spelled = DynamoDBBackend.update_item, BaseJSONSerializer._serialize_type_structure

    def update(
        backend: DynamoDBBackend, table_name: str, key: dict[str, Any], *rest: Any, **more: Any
    ) -> Item:
        # Of all that is written only an update changes an item in place; a kept table keeps the item as it was.
        _renew(backend.get_table(table_name), key)
        return plain(backend, table_name, key, *rest, **more)

    def spell(serializer: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if shape.name != "AttributeValue" or not isinstance(value, dict):
            spelled(serializer, serialized, value, shape, key)
            return
        wrapper: dict[str, Any] = {}
        for kind, held in value.items():
            serializer._serialize(wrapper, held, shape.members[kind], kind)
        serializer._default_serialize(serialized, wrapper, shape, key)

    with (
        patch.object(JSONFileLoader, "load_file", _loaded),
        patch.object(Table, "__deepcopy__", _kept, create=True),
        patch.object(DynamoDBBackend, "update_item", update),
        patch.object(BaseJSONSerializer, "_serialize_type_structure", spell),
    ):
        yield


def before_writing(act: Callable[[], object]) -> None:
    """Act once, between what the next command reads and what it writes."""

    def pause(**_event: object) -> None:
        aws.dynamodb().meta.events.unregister(EVENT, pause)
        act()

    aws.dynamodb().meta.events.register(EVENT, pause)


def stream(table: str) -> list[Any]:
    """Return all records of a table's stream, from the first, as the engine holds them."""
    backend = dynamodb_backends[ACCOUNT][str(boto3.session.Session().region_name)]
    shard = backend.get_table(table).stream_shard
    return [one.to_json() for one in shard.items] if shard else []


def _kept(table: Table, _memo: dict[int, Any]) -> Table:
    held = copy(table)
    held.items = defaultdict(dict)  # type: ignore[assignment] # as the engine makes it
    for part, rows in table.items.items():
        # As the engine keeps it: by sort key where there is one.
        held.items[part] = dict(rows) if table.range_key_attr else rows  # type: ignore[call-overload,assignment]
    if table.stream_shard:
        held.stream_shard = copy(table.stream_shard)
        held.stream_shard.table = held
        held.stream_shard.items = list(table.stream_shard.items)
    return held


def _renew(table: Table, key: dict[str, Any]) -> None:
    part = DynamoType(key[table.hash_key_attr])
    rows: Any = table.items.get(part)
    if not rows:
        return
    if table.range_key_attr is None:
        table.items[part] = deepcopy(rows)
        return
    place = DynamoType(key[table.range_key_attr])
    if place in rows:
        rows[place] = deepcopy(rows[place])
