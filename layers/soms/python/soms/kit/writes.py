"""The unit of work: one command's writes, sent as one transaction, each with what its refusal means."""

import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, TypeVar, cast

from botocore.exceptions import BotoCoreError, ClientError

from soms.kit import aws, items, settings
from soms.kit.problems import Problem, Unavailable, merged
from soms.kit.settings import Setting

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

MOST_ACTIONS = 100
MOST_BYTES = 4 * 1024 * 1024
ITEM_BYTES = 400 * 1024
DECISIONS = 8
PASSING = frozenset(
    {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded"}
)
FAILED = "ConditionalCheckFailed"
SHARE_OF_TIME = 0.4

Held = items.Item | None
Refusal = Callable[[Held], Exception]
Decision = TypeVar("Decision")

deadline: ContextVar[float | None] = ContextVar("deadline", default=None)
"""Until when (monotonic seconds) retries may go on; the doors set it from the time the function has left."""


class Stale(Exception):
    """What the decision was based on has changed: read and decide again."""


class AlreadyDone(Exception):
    """The very same command has succeeded before; `entry` is its journal entry."""

    def __init__(self, entry: items.Item) -> None:
        """Keep the entry for whoever answers."""
        super().__init__(entry.get("id"))
        self.entry = entry


class TransactionTooLarge(ValueError):
    """More actions or bytes than one transaction takes; rules must prevent it."""


class Rank(IntEnum):
    """Which refusal is told when several conditions fail: journal, aggregate exists, then everything else."""

    JOURNAL = 0
    AGGREGATE = 1
    STATE = 2
    GUARD = 3


@dataclass(frozen=True)
class _Write:
    action: dict[str, dict[str, object]]
    refused: Refusal | None
    rank: Rank
    bytes: int


@dataclass
class Writes:
    """Collects the writes of one command and sends them together or not at all."""

    _writes: list[_Write] = field(default_factory=list)

    def __len__(self) -> int:
        """Return the number of actions collected."""
        return len(self._writes)

    def put(
        self,
        table: Setting,
        item: Mapping[str, object],
        *,
        condition: str | None = None,
        values: Mapping[str, object] | None = None,
        names: Mapping[str, str] | None = None,
        refused: Refusal | None = None,
        rank: Rank = Rank.GUARD,
    ) -> None:
        """Write a whole item, on a condition whose refusal `refused` explains."""
        body = items.encode(item)
        self._add("Put", table, {"Item": body}, condition, values, names, refused, rank, items.size(body))

    def update(
        self,
        table: Setting,
        key: Mapping[str, object],
        expression: str,
        *,
        values: Mapping[str, object],
        condition: str | None = None,
        names: Mapping[str, str] | None = None,
        refused: Refusal | None = None,
        rank: Rank = Rank.GUARD,
    ) -> None:
        """Change attributes of an item, on a condition whose refusal `refused` explains."""
        content = {"Key": items.encode(key), "UpdateExpression": expression}
        self._add("Update", table, content, condition, values, names, refused, rank, len(expression))

    def check(
        self,
        table: Setting,
        key: Mapping[str, object],
        condition: str,
        *,
        values: Mapping[str, object] | None = None,
        names: Mapping[str, str] | None = None,
        refused: Refusal,
        rank: Rank = Rank.GUARD,
    ) -> None:
        """Require something of an item that is not written."""
        self._add(
            "ConditionCheck", table, {"Key": items.encode(key)}, condition, values, names, refused, rank, 0
        )

    def delete(
        self,
        table: Setting,
        key: Mapping[str, object],
        *,
        condition: str | None = None,
        values: Mapping[str, object] | None = None,
        names: Mapping[str, str] | None = None,
        refused: Refusal | None = None,
        rank: Rank = Rank.GUARD,
    ) -> None:
        """Remove an item that only points or waits; documents, movements and journal have no such right."""
        self._add("Delete", table, {"Key": items.encode(key)}, condition, values, names, refused, rank, 0)

    def _add(
        self,
        kind: str,
        table: Setting,
        content: Mapping[str, object],
        condition: str | None,
        values: Mapping[str, object] | None,
        names: Mapping[str, str] | None,
        refused: Refusal | None,
        rank: Rank,
        size: int,
    ) -> None:
        body: dict[str, object] = {"TableName": settings.get(table), **content}
        if condition:
            body["ConditionExpression"] = condition
            body["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        if values:
            encoded = items.encode(values)
            body["ExpressionAttributeValues"] = encoded
            size += items.size(encoded)
        if names:
            body["ExpressionAttributeNames"] = dict(names)
        self._writes.append(_Write({kind: body}, refused, rank, size))

    def commit(self) -> None:
        """Send everything as one transaction.

        Raises what the highest-ranking refused condition means, AlreadyDone when the journal holds this
        command already, Unavailable when conflicts or faults outlast the time there is.
        """
        self._measure()
        until = deadline.get() or time.monotonic() + aws.LONGEST_PAUSE * aws.ATTEMPTS
        for attempt in range(aws.ATTEMPTS):
            try:
                aws.dynamodb().transact_write_items(
                    TransactItems=cast("list[TransactWriteItemTypeDef]", [one.action for one in self._writes])
                )
            except ClientError as error:
                self._raise_refusal(error)
            except BotoCoreError:
                # The answer was lost; whether it was done is found by sending again: the journal refuses.
                pass
            else:
                return
            pause = aws.pause(attempt)
            if time.monotonic() + pause > until:
                break
            time.sleep(pause)
        raise Unavailable

    def _raise_refusal(self, error: ClientError) -> None:
        """Raise what a cancelled transaction means; return when it should be sent again."""
        if aws.code_of(error) != "TransactionCanceledException":
            if not aws.is_transient(error):
                raise error
            return
        reasons = error.response.get("CancellationReasons", [])
        codes = [str(reason.get("Code", "None")) for reason in reasons]
        if any(code in PASSING for code in codes):
            return
        refusals = [
            (write, _held(reason))
            for write, reason, code in zip(self._writes, reasons, codes, strict=True)
            if code == FAILED
        ]
        if not refusals or any(write.refused is None for write, _ in refusals):
            raise error
        first = min(write.rank for write, _ in refusals)
        errors = [write.refused(held) for write, held in refusals if write.refused and write.rank == first]
        problems = [one for one in errors if isinstance(one, Problem)]
        raise (
            merged(problems)
            if len(problems) == len(errors)
            else next(one for one in errors if not isinstance(one, Problem))
        )

    def _measure(self) -> None:
        if not 0 < len(self._writes) <= MOST_ACTIONS:
            message = f"{len(self._writes)} actions; a transaction takes 1 to {MOST_ACTIONS}"
            raise TransactionTooLarge(message)
        total = sum(write.bytes for write in self._writes)
        if total > MOST_BYTES or any(write.bytes > ITEM_BYTES for write in self._writes):
            message = f"{total} bytes in {len(self._writes)} actions; too much for one transaction"
            raise TransactionTooLarge(message)


def _held(reason: Mapping[str, object]) -> Held:
    held = reason.get("Item")
    return items.decode(held) if isinstance(held, Mapping) and held else None


def decide(attempt: Callable[[], Decision]) -> Decision:
    """Run a decision and its commit, again from the reading on whenever what it read has changed."""
    for number in range(DECISIONS):
        try:
            return attempt()
        except Stale:
            time.sleep(aws.pause(number))
    raise Unavailable
