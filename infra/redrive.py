"""Hands failed stream records to their consumers again, and removes those that were taken."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from infra.target import Target

QUARANTINE = "quarantine/"
DESTINATION = "aws/lambda/"
HELD = "redriving/"
"""Where a quarantined record waits while its consumer has it: the consumer would find it kept and lose it."""
ROUNDS = 10


class NotOurs(ValueError):
    """An object in the failures bucket is not a failed invocation."""


@dataclass(frozen=True)
class Failure:
    """One object in the failures bucket: an invocation that failed, or a record put aside."""

    key: str
    version: str | None
    function: str
    event: Mapping[str, Any]

    @property
    def place(self) -> str:
        """The key it belongs under."""
        return self.key.removeprefix(HELD)

    @property
    def in_quarantine(self) -> bool:
        """Whether a consumer put it aside itself."""
        return self.place.startswith(QUARANTINE)

    @property
    def sequences(self) -> list[str]:
        """The sequence numbers of its stream records."""
        records = self.event.get("Records", [])
        return [str(record.get("dynamodb", {}).get("SequenceNumber", "")) for record in records]


@dataclass
class Outcome:
    """How a redrive went, by function."""

    taken: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    unreadable: list[str] = field(default_factory=list)


def redrive(target: Target, consumer: str | None = None) -> Outcome:
    """Go round until a whole round changes nothing: some effects wait for others."""
    outcome = Outcome()
    for _ in range(ROUNDS):
        found = failures(target, consumer, outcome.unreadable)
        taken = Counter(failure.function for failure in found if _taken(target, failure))
        outcome.taken += taken
        if not taken:
            break
    outcome.left = Counter(failure.function for failure in failures(target, consumer, outcome.unreadable))
    return outcome


def failures(target: Target, consumer: str | None, unreadable: list[str]) -> list[Failure]:
    """Return what lies in the failures bucket, first of all what an interrupted redrive held.

    The keys of objects that are none of these replace the contents of `unreadable`.
    """
    unreadable.clear()
    found = []
    for key, version in _listed(target):
        body = target.client("s3").get_object(Bucket=target.outputs["FailuresBucket"], Key=key)["Body"].read()
        try:
            function, event = read(body, target.stage)
        except NotOurs:
            unreadable.append(key)
            continue
        if consumer in {None, function}:
            found.append(Failure(key, version, function, event))
    return found


def _listed(target: Target) -> Iterator[tuple[str, str | None]]:
    pages = target.client("s3").get_paginator("list_object_versions")
    for prefix in (HELD, QUARANTINE, DESTINATION):
        for page in pages.paginate(Bucket=target.outputs["FailuresBucket"], Prefix=prefix):
            for found in page.get("Versions", []):
                if found["IsLatest"]:
                    yield found["Key"], None if found["VersionId"] == "null" else found["VersionId"]


def read(body: bytes, stage: str) -> tuple[str, Mapping[str, Any]]:
    """Return the function (`invoicing`) and the event that an object holds, or raise NotOurs.

    Three forms: a record that a consumer put aside, a failed batch of a stream mapping, a failed asynchronous
    invocation; the latter two as Lambda writes them to S3.
    """
    try:
        held = json.loads(body)
        if "record" in held:
            return str(held["consumer"]), {"Records": [held["record"]]}
        arn = str(held["requestContext"]["functionArn"])
        payload = held["requestPayload"] if "requestPayload" in held else held["payload"]
        event = json.loads(payload) if isinstance(payload, str) else payload
        return arn.split(":")[6].removeprefix(f"soms-{stage}-"), dict(event)
    except (ValueError, KeyError, TypeError, IndexError) as wrong:
        raise NotOurs from wrong


def _taken(target: Target, failure: Failure) -> bool:
    """Invoke the function again; True when it took everything and put nothing into quarantine."""
    bucket, s3 = target.outputs["FailuresBucket"], target.client("s3")
    if failure.in_quarantine:
        _move(s3, bucket, failure.key, HELD + failure.place, failure.version)
    before = _today()
    refused = _refused(target, failure)
    if failure.in_quarantine and refused:
        _move(s3, bucket, HELD + failure.place, failure.place, None)
    elif failure.in_quarantine:
        _delete(s3, bucket, HELD + failure.place, None)
    elif not refused:
        _delete(s3, bucket, failure.key, failure.version)
    return not refused and not any(
        _exists(s3, bucket, f"{QUARANTINE}{failure.function}/{day}/{sequence}.json")
        for day in {before, _today()}
        for sequence in failure.sequences
    )


def _refused(target: Target, failure: Failure) -> bool:
    answer = target.client("lambda").invoke(
        FunctionName=target.function(failure.function), Payload=json.dumps(failure.event).encode()
    )
    told = json.loads(answer["Payload"].read() or b"null")
    return bool(answer.get("FunctionError") or (isinstance(told, dict) and told.get("batchItemFailures")))


def _move(s3: Any, bucket: str, key: str, to: str, version: str | None) -> None:
    if key != to:
        s3.copy_object(Bucket=bucket, Key=to, CopySource={"Bucket": bucket, "Key": key})
        _delete(s3, bucket, key, version)


def _delete(s3: Any, bucket: str, key: str, version: str | None) -> None:
    """Delete an object for good, also where versions are kept."""
    version = version or s3.head_object(Bucket=bucket, Key=key).get("VersionId")
    s3.delete_object(Bucket=bucket, Key=key, **({"VersionId": version} if version else {}))


def _exists(s3: Any, bucket: str, key: str) -> bool:
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as absent:
        if absent.response["ResponseMetadata"]["HTTPStatusCode"] == 404:  # noqa: PLR2004
            return False
        raise
    return True


def _today() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d")
