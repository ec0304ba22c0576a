"""Followers of table streams: in order, stopping at the first failure, harmless when repeated."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from botocore.exceptions import ClientError

from soms.kit import aws, clock, items, settings, telemetry, writes
from soms.kit.settings import Setting

Event = Mapping[str, object]
Answer = dict[str, list[dict[str, str]]]


class Context(Protocol):
    """What we use of Lambda's context."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds left."""


class Impossible(Exception):
    """A record that can never be applied; it goes to quarantine with this reason while others go on."""


@dataclass(frozen=True)
class Change:
    """One record of a stream: an item before and after."""

    sequence: str
    old: items.Item | None
    new: items.Item | None
    record: Mapping[str, object]

    @property
    def at(self) -> datetime:
        """Return when the item changed, to the second, as the stream tells it."""
        body = self.record.get("dynamodb")
        told = body.get("ApproximateCreationDateTime") if isinstance(body, Mapping) else None
        return datetime.fromtimestamp(told, UTC) if isinstance(told, (int, float)) else clock.now()


Apply = Callable[[Sequence[Change]], None]


def follow(consumer: str, apply: Apply) -> Callable[[Event, Context], Answer]:
    """Return the Lambda handler of a consumer that applies changes, many at once where all goes well.

    When a batch fails it is applied again record by record up to the first that fails, whose sequence
    number is reported: Lambda repeats from there. `apply` must be harmless when repeated.
    """

    def handler(event: Event, context: Context) -> Answer:
        writes.deadline.set(
            time.monotonic() + context.get_remaining_time_in_millis() / 1000 * writes.SHARE_OF_TIME
        )
        records = event.get("Records")
        changes = [_change(record) for record in records] if isinstance(records, list) else []
        try:
            apply(changes)
        except Exception:  # noqa: BLE001 the batch is taken apart to find out which record it was
            return _one_by_one(consumer, apply, changes)
        telemetry.count("applied", "Applied", len(changes))
        return {"batchItemFailures": []}

    return handler


def _one_by_one(consumer: str, apply: Apply, changes: Sequence[Change]) -> Answer:
    for done, change in enumerate(changes):
        try:
            apply([change])
        except Impossible as verdict:
            _quarantine(consumer, change, str(verdict))
        except Exception as error:  # noqa: BLE001 whatever it is, the record is repeated
            telemetry.fault("a record failed", error, sequence=change.sequence, applied=done)
            return {"batchItemFailures": [{"itemIdentifier": change.sequence}]}
    telemetry.count("applied one by one", "Applied", len(changes))
    return {"batchItemFailures": []}


def _quarantine(consumer: str, change: Change, reason: str) -> None:
    """Keep a record that can never be applied; a repeat finds it kept."""
    at = clock.now()
    body = {"consumer": consumer, "reason": reason, "at": clock.stamp(at), "record": change.record}
    with suppress_existing():
        aws.s3().put_object(
            Bucket=settings.get(Setting.FAILURES_BUCKET),
            Key=f"quarantine/{consumer}/{at:%Y-%m-%d}/{change.sequence}.json",
            Body=json.dumps(body, ensure_ascii=False, default=str).encode(),
            ContentType="application/json",
            IfNoneMatch="*",
        )
    telemetry.count("quarantined", "Quarantined", sequence=change.sequence, reason=reason)


@contextmanager
def suppress_existing() -> Iterator[None]:
    """Let a write-once object that is there already be."""
    try:
        yield
    except ClientError as error:
        if aws.code_of(error) not in {"PreconditionFailed", "ConditionalRequestConflict"}:
            raise


def _change(record: object) -> Change:
    body = record if isinstance(record, Mapping) else {}
    stream = body.get("dynamodb", {})
    old, new = stream.get("OldImage"), stream.get("NewImage")
    return Change(
        sequence=str(stream.get("SequenceNumber", "")),
        old=items.decode(old) if old else None,
        new=items.decode(new) if new else None,
        record=body,
    )
