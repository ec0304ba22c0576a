"""Followers of streams: in order, up to the first failure, impossible records aside, harmless again."""

import json
import os
from collections.abc import Callable, Sequence
from typing import Any

import boto3
import pytest
from soms.kit import streams
from soms.kit.streams import Change, Impossible

from tests.world import Context, World


def batch(*names: str) -> dict[str, Any]:
    """Return an event with one record for each name, its sequence number the name too."""
    records = [
        {"eventName": "INSERT", "dynamodb": {"SequenceNumber": name, "NewImage": {"id": {"S": name}}}}
        for name in names
    ]
    return {"Records": records}


def applying(done: list[str], bad: dict[str, type[Exception]]) -> Callable[[Sequence[Change]], None]:
    """Return what applies changes once each, all together or not at all, and fails at the bad ones."""

    def apply(changes: Sequence[Change]) -> None:
        names = [change.sequence for change in changes]
        for name in names:
            if name in bad:
                raise bad[name](f"{name} is bad")
        done.extend(name for name in names if name not in done)

    return apply


def quarantined() -> dict[str, Any]:
    """Return what lies in quarantine, by key."""
    bucket, client = os.environ["FAILURES_BUCKET"], boto3.client("s3")
    keys = [str(one["Key"]) for one in client.list_objects_v2(Bucket=bucket).get("Contents", [])]
    return {key: json.loads(client.get_object(Bucket=bucket, Key=key)["Body"].read()) for key in keys}


def test_a_batch_without_trouble_is_applied_as_one(world: World) -> None:
    seen: list[int] = []
    handler = streams.follow("stock", lambda changes: seen.append(len(changes)))

    answer = handler(batch("1", "2", "3"), Context())

    assert (answer, seen) == ({"batchItemFailures": []}, [3])


@pytest.mark.parametrize("position", range(4))
def test_a_batch_stops_at_the_first_failure_and_goes_on_from_there(world: World, position: int) -> None:
    names, done = ["1", "2", "3", "4"], list[str]()
    bad: dict[str, type[Exception]] = {names[position]: RuntimeError, "4": RuntimeError}
    handler = streams.follow("stock", applying(done, bad))

    answer = handler(batch(*names), Context())
    before = list(done)
    bad.clear()
    repeated = handler(batch(*names[position:]), Context())

    assert answer == {"batchItemFailures": [{"itemIdentifier": names[position]}]}
    assert before == names[:position]
    assert (repeated, done) == ({"batchItemFailures": []}, names)


@pytest.mark.parametrize("position", range(4))
def test_an_impossible_record_goes_to_quarantine_and_the_others_are_applied(
    world: World, position: int
) -> None:
    names, done = ["1", "2", "3", "4"], list[str]()
    handler = streams.follow("stock", applying(done, {names[position]: Impossible}))

    answers = [handler(batch(*names), Context()) for _ in range(2)]

    assert answers == [{"batchItemFailures": []}] * 2
    assert done == [name for name in names if name != names[position]]
    ((key, kept),) = quarantined().items()
    assert key.startswith("quarantine/stock/")
    assert key.endswith(f"/{names[position]}.json")
    assert kept["reason"] == f"{names[position]} is bad"
    assert kept["record"] == batch(names[position])["Records"][0]


def test_a_record_that_cannot_be_read_stops_nothing_else_from_being_told(world: World) -> None:
    handler = streams.follow("invoicing", applying([], {"2": Impossible, "3": RuntimeError}))

    answer = handler(batch("1", "2", "3"), Context())

    assert answer == {"batchItemFailures": [{"itemIdentifier": "3"}]}
    assert [one["consumer"] for one in quarantined().values()] == ["invoicing"]


def test_an_empty_batch_is_nothing_to_do(world: World) -> None:
    handler = streams.follow("stock", applying([], {}))

    assert handler({}, Context()) == {"batchItemFailures": []}
