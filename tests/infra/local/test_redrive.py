"""What failed is tried again; what is taken leaves the failures bucket, the rest stays."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra.local.deploy import Account, deploy
from infra.local.engine import REGION, ROOT_KEY
from infra.local.home import Home
from infra.redrive import NotOurs, read, redrive
from infra.target import Target
from tests.infra.local import sample
from tests.infra.local.conftest import Deployed

BATCH = "aws/lambda/0b0c/shardId-0001/2026/01/02/2026-01-02T03.04.05-f00d.json"
ARN = "arn:aws:lambda:ap-southeast-1:000000000000:function:soms-sample-echo"


def write(home: Path, item: dict[str, Any]) -> None:
    """Write an item to the sample's table in a running system."""
    status = Home(home).read_status()
    assert status
    account = Account(str(status["endpoint"]))
    account.client("dynamodb").put_item(TableName="soms-sample-things", Item=item)
    account.close()


@pytest.fixture
def target(system: Deployed, tmp_path: Path) -> Iterator[Target]:
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    outputs = deploy(system.account, sample.write(tmp_path, today=today), lambda _: None)
    session = boto3.Session(ROOT_KEY, ROOT_KEY, region_name=REGION)
    found = Target("sample", outputs, session, system.engine.endpoint)
    yield found
    s3, bucket = found.client("s3"), outputs["FailuresBucket"]
    for held in keys(found):
        s3.delete_object(Bucket=bucket, Key=held)
    for service in ("s3", "lambda"):
        found.client(service).close()


def keys(target: Target) -> list[str]:
    listed = target.client("s3").list_objects_v2(Bucket=target.outputs["FailuresBucket"])
    return [held["Key"] for held in listed.get("Contents", [])]


def record(sequence: str, fate: str) -> dict[str, Any]:
    return {"dynamodb": {"SequenceNumber": sequence, "NewImage": {"fate": {"S": fate}}}}


def keep(target: Target, key: str, body: object) -> str:
    text = body if isinstance(body, str) else json.dumps(body)
    target.client("s3").put_object(Bucket=target.outputs["FailuresBucket"], Key=key, Body=text.encode())
    return key


def quarantined(target: Target, sequence: str, fate: str, day: str = "2026-01-02") -> str:
    body = {"consumer": "echo", "reason": "a reason", "record": record(sequence, fate), "at": day}
    return keep(target, f"quarantine/echo/{day}/{sequence}.json", body)


def failed_batch(target: Target, *fates: str) -> str:
    payload = {"Records": [record(str(index), fate) for index, fate in enumerate(fates)]}
    return keep(
        target, BATCH, {"requestContext": {"functionArn": f"{ARN}:$LATEST"}, "payload": json.dumps(payload)}
    )


def test_a_quarantined_record_that_is_taken_now_is_removed(target: Target) -> None:
    quarantined(target, "1", "taken")

    outcome = redrive(target)

    assert (outcome.taken, outcome.left) == ({"echo": 1}, {})
    assert keys(target) == []


def test_a_record_that_fails_stays_where_it_is(target: Target) -> None:
    key = quarantined(target, "2", "fails")

    outcome = redrive(target)

    assert (outcome.taken, outcome.left) == ({}, {"echo": 1})
    assert keys(target) == [key]


@pytest.mark.parametrize("day", ["2026-01-02", f"{datetime.now(UTC):%Y-%m-%d}"])
def test_a_record_that_goes_into_quarantine_again_is_not_lost(target: Target, day: str) -> None:
    quarantined(target, "3", "impossible", day)

    outcome = redrive(target)

    assert (outcome.taken, outcome.left) == ({}, {"echo": 1})
    assert [key.rpartition("/")[2] for key in keys(target)] == ["3.json"]


def test_what_an_interrupted_redrive_held_is_tried_again(target: Target) -> None:
    body = {"consumer": "echo", "record": record("4", "taken")}
    keep(target, "redriving/quarantine/echo/2026-01-02/4.json", body)

    outcome = redrive(target)

    assert outcome.taken == {"echo": 1}
    assert keys(target) == []


def test_a_failed_batch_that_is_taken_now_is_removed(target: Target) -> None:
    failed_batch(target, "taken", "taken")

    outcome = redrive(target)

    assert outcome.taken == {"echo": 1}
    assert keys(target) == []


def test_a_batch_with_one_failure_stays_whole(target: Target) -> None:
    key = failed_batch(target, "taken", "fails")

    outcome = redrive(target)

    assert outcome.left == {"echo": 1}
    assert keys(target) == [key]


def test_a_failed_run_in_the_background_is_run_again(target: Target) -> None:
    body = {"requestContext": {"functionArn": ARN}, "requestPayload": {"action": "sweep"}, "version": "1.0"}
    keep(target, "aws/lambda/async/soms-sample-echo/2026/01/02/x.json", body)

    outcome = redrive(target)

    assert outcome.taken == {"echo": 1}
    assert keys(target) == []


def test_only_the_consumer_asked_for_is_touched(target: Target) -> None:
    key = quarantined(target, "5", "taken")

    outcome = redrive(target, "ledger")

    assert (outcome.taken, outcome.left) == ({}, {})
    assert keys(target) == [key]


def test_what_is_no_failure_is_named_and_left_alone(target: Target) -> None:
    key = keep(target, "quarantine/echo/note.txt", "not JSON")

    outcome = redrive(target)

    assert outcome.unreadable == [key]
    assert keys(target) == [key]


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"7", b"{}", b'{"requestContext": {"functionArn": "x"}, "payload": "{}"}']
)
def test_other_bodies_are_not_ours(body: bytes) -> None:
    with pytest.raises(NotOurs):
        read(body, "sample")
