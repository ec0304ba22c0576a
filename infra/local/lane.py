"""One lane of a shard: gathers records into batches and retries, bisects and gives up as AWS documents.

Pure: it is fed with records, an `invoke` and a clock, and does at most one invocation per step.
"""

import json
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from infra.local.mapping import Mapping

PAYLOAD_BYTES = 6 * 1024 * 1024
FRAME_BYTES = 64
FIRST_DELAY_SECONDS = 0.1
LONGEST_DELAY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Record:
    """A stream record as its function gets it, and what the poller must know of it."""

    sequence: str
    key: str
    created: float
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What became of one invocation; `invoked` is False when the function could not be reached at all."""

    invoked: bool = True
    error: str | None = None
    payload: bytes = b"null"
    version: str = "$LATEST"
    request_id: str = ""


@dataclass(frozen=True)
class Discarded:
    """Records that were given up, why, and the last answer about them."""

    records: tuple[Record, ...]
    condition: str
    invocations: int
    answer: Answer | None


@dataclass
class Batch:
    """Records that are invoked together, and how often that failed."""

    records: tuple[Record, ...]
    failures: int = 0
    invocations: int = 0
    unreached: int = 0
    not_before: float = 0
    answer: Answer | None = None


def payload(records: Sequence[Record]) -> bytes:
    """Return the event for these records."""
    return b'{"Records":[' + b",".join(record.body for record in records) + b"]}"


def first_failed(records: Sequence[Record], answer: Answer, *, partial: bool) -> int | None:
    """Return the index from which records must be retried: 0 for the whole batch, None for none."""
    if answer.error:
        return 0
    if not partial:
        return None
    places = {record.sequence: index for index, record in enumerate(records)}
    # What names no record of the batch says nothing that could be relied on: the whole batch failed.
    return min((places.get(name, 0) for name in _reported(answer.payload)), default=None)


def _reported(told: bytes) -> list[str]:
    """Return the sequence numbers a function reported, "" for anything that cannot be understood."""
    try:
        answer = json.loads(told or b"null")
    except ValueError:
        return [""]
    failures = answer.get("batchItemFailures") if isinstance(answer, dict) else answer
    if not failures:
        return []
    if not isinstance(failures, list):
        return [""]
    return [str(entry.get("itemIdentifier", "")) if isinstance(entry, dict) else "" for entry in failures]


class Lane:
    """Records of one shard that must stay in order, and the batch that is in hand."""

    def __init__(
        self,
        mapping: Mapping,
        *,
        invoke: Callable[[Sequence[Record]], Answer],
        discard: Callable[[Discarded], None],
        clock: Callable[[], float],
        log: Callable[[str], None],
    ) -> None:
        """Take the mapping's settings and the four things a lane does not do itself."""
        self._mapping = mapping
        self._invoke = invoke
        self._discard = discard
        self._clock = clock
        self._log = log
        self._waiting: deque[tuple[float, Record]] = deque()
        self._waiting_bytes = 0
        self._work: deque[Batch] = deque()

    def offer(self, record: Record) -> None:
        """Take the next record of the shard that passed the filter."""
        self._waiting.append((self._clock(), record))
        self._waiting_bytes += len(record.body)

    def due(self) -> float | None:
        """Return the time of the next step, None when there is nothing to do."""
        if self._work:
            return self._work[0].not_before
        if not self._waiting:
            return None
        return 0 if self._is_full() else self._waiting[0][0] + self._mapping.window

    def step(self, *, hurry: bool = False) -> list[str] | None:
        """Invoke once if it is time and return what is done with now; None if it was not time."""
        now = self._clock()
        if not self._work and not self._gather(now, hurry=hurry):
            return None
        expired = self._expire(self._work[0], now)
        if expired:
            return expired
        batch = self._work[0]
        if now < batch.not_before:
            return None
        batch.answer = self._invoke(batch.records)
        return [record.sequence for record in self._settle(batch, batch.answer)]

    def _is_full(self) -> bool:
        return len(self._waiting) >= self._mapping.batch_size or self._waiting_bytes >= PAYLOAD_BYTES

    def _gather(self, now: float, *, hurry: bool) -> bool:
        if not self._waiting:
            return False
        if not (hurry or self._is_full() or now >= self._waiting[0][0] + self._mapping.window):
            return False
        records: list[Record] = []
        size = FRAME_BYTES
        while self._waiting and len(records) < self._mapping.batch_size:
            size += len(self._waiting[0][1].body) + 1
            if records and size > PAYLOAD_BYTES:
                break
            _, record = self._waiting.popleft()
            self._waiting_bytes -= len(record.body)
            records.append(record)
        self._work.append(Batch(tuple(records)))
        return True

    def _expire(self, batch: Batch, now: float) -> list[str]:
        oldest = now - self._mapping.max_age
        gone = tuple(record for record in batch.records if record.created < oldest)
        if not gone:
            return []
        batch.records = tuple(record for record in batch.records if record.created >= oldest)
        if not batch.records:
            self._work.popleft()
        return self._give_up(gone, "RecordAgeExceeded", batch)

    def _settle(self, batch: Batch, answer: Answer) -> tuple[Record, ...]:
        if not answer.invoked:
            # AWS counts no retry for a function it could not invoke: only the age ends this.
            batch.unreached += 1
            self._back_off(batch, batch.unreached)
            return ()
        batch.invocations += 1
        failed = first_failed(batch.records, answer, partial=self._mapping.partial)
        if failed is None:
            self._work.popleft()
            return batch.records
        done, rest = batch.records[:failed], batch.records[failed:]
        if done and self._mapping.bisect:
            self._work[0] = Batch(rest)
            return done
        if not done and self._mapping.bisect and len(rest) > 1:
            # No record went through, so nothing is partial about it: halve, which uses up no retry.
            middle = len(rest) // 2
            self._work.popleft()
            self._work.extendleft((Batch(rest[middle:]), Batch(rest[:middle])))
            return ()
        batch.records = rest
        return (*done, *self._retry_or_give_up(batch))

    def _retry_or_give_up(self, batch: Batch) -> tuple[Record, ...]:
        batch.failures += 1
        if self._mapping.retries is not None and batch.failures > self._mapping.retries:
            self._work.popleft()
            self._give_up(batch.records, "RetryAttemptsExhausted", batch)
            return batch.records
        self._back_off(batch, batch.failures)
        return ()

    def _back_off(self, batch: Batch, times: int) -> None:
        # Ten doublings reach any cap; more would only overflow.
        delay = min(FIRST_DELAY_SECONDS * 2 ** min(times - 1, 10), LONGEST_DELAY_SECONDS)
        batch.not_before = self._clock() + delay
        reason = batch.answer.error if batch.answer and batch.answer.error else "reported by the function"
        self._log(
            f"{self._mapping.name}: {len(batch.records)} records failed ({reason}), "
            f"time {times}; again in {delay:.1f} s"
        )

    def _give_up(self, records: tuple[Record, ...], condition: str, batch: Batch) -> list[str]:
        self._discard(Discarded(records, condition, batch.invocations, batch.answer))
        return [record.sequence for record in records]
