"""Hands failed stream records to their consumers again, and removes those that were taken."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from infra.target import Target

QUARANTINE = "quarantine/"
DESTINATION = "aws/lambda/"
ROUNDS = 10

Records = Sequence[Mapping[str, Any]]


class NotOurs(ValueError):
    """An object in the failures bucket is not a set of failed records."""


@dataclass(frozen=True)
class Failure:
    """One object in the failures bucket: records that a consumer did not take."""

    key: str
    version: str | None
    etag: str
    consumer: str


@dataclass
class Outcome:
    """How a redrive went, by consumer."""

    taken: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    unreadable: list[str] = field(default_factory=list)


def redrive(target: Target, consumer: str | None = None) -> Outcome:
    """Go round until a whole round changes nothing: some effects wait for others (a dequeue for its queue)."""
    outcome = Outcome()
    for _ in range(ROUNDS):
        taken, unreadable = _round(target, consumer)
        outcome.taken += taken
        outcome.unreadable = unreadable
        if not taken:
            break
    outcome.left = Counter(failure.consumer for failure in failures(target, consumer))
    return outcome


def failures(target: Target, consumer: str | None = None) -> Iterator[Failure]:
    """Yield what lies in the failures bucket, quarantine first, oldest names first."""
    bucket, s3 = target.outputs["FailuresBucket"], target.client("s3")
    for prefix in (QUARANTINE, DESTINATION):
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
            for found in page.get("Versions", []):
                name = consumer_of(found["Key"], target.stage)
                if found["IsLatest"] and name and consumer in {None, name}:
                    version = None if found["VersionId"] == "null" else found["VersionId"]
                    yield Failure(found["Key"], version, found["ETag"], name)


def consumer_of(key: str, stage: str) -> str | None:
    """Return the consumer an object belongs to, from its key; None for keys of another form.

    quarantine/<consumer>/<date>/<sequence>.json or aws/lambda/<mapping>/<function>/YYYY/MM/DD/<time>.json
    """
    parts = key.split("/")
    if key.startswith(QUARANTINE) and len(parts) > 2:  # noqa: PLR2004
        return parts[1]
    if key.startswith(DESTINATION) and len(parts) > 4:  # noqa: PLR2004
        return parts[3].removeprefix(f"soms-{stage}-")
    return None


def records_of(body: bytes) -> Records:
    """Return the stream records in an object of either form, or raise NotOurs."""
    try:
        held = json.loads(body)
        if "record" in held:
            return [held["record"]]
        payload = held["payload"]
        records: Records = (json.loads(payload) if isinstance(payload, str) else payload)["Records"]
    except (ValueError, KeyError, TypeError) as wrong:
        raise NotOurs from wrong
    return records


def _round(target: Target, consumer: str | None) -> tuple[Counter[str], list[str]]:
    taken: Counter[str] = Counter()
    unreadable: list[str] = []
    for failure in list(failures(target, consumer)):
        try:
            if _taken(target, failure):
                taken[failure.consumer] += 1
        except NotOurs:
            unreadable.append(failure.key)
    return taken, unreadable


def _taken(target: Target, failure: Failure) -> bool:
    """Hand one object's records over; True when its consumer took them all and did not put them back."""
    bucket, s3 = target.outputs["FailuresBucket"], target.client("s3")
    version = {"VersionId": failure.version} if failure.version else {}
    records = records_of(s3.get_object(Bucket=bucket, Key=failure.key, **version)["Body"].read())
    before = {other.key: other.etag for other in failures(target, failure.consumer)}
    answer = target.client("lambda").invoke(
        FunctionName=target.function(failure.consumer), Payload=json.dumps({"Records": records}).encode()
    )
    told = json.loads(answer["Payload"].read() or b"null")
    if answer.get("FunctionError") or (told or {}).get("batchItemFailures"):
        return False
    after = {other.key: other.etag for other in failures(target, failure.consumer)}
    if after.get(failure.key) == failure.etag or failure.version:
        s3.delete_object(Bucket=bucket, Key=failure.key, **version)
    return not any(before.get(key) != etag for key, etag in after.items())
