"""One shard of a followed stream: reads it, filters, and keeps its lanes and its checkpoint."""

import json
import time
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

from infra.local.checkpoints import Checkpoints, Position, Progress
from infra.local.filters import passes
from infra.local.lane import Answer, Discarded, Lane, Record
from infra.local.mapping import OLDEST, Mapping
from infra.local.streams import IteratorLost, PositionLost, Streams

PENDING_AT_MOST = 1000
REOPEN_SECONDS = 60


@dataclass(frozen=True)
class Surroundings:
    """What every shard of a mapping works with."""

    streams: Streams
    checkpoints: Checkpoints
    invoke: Callable[[Sequence[Record]], Answer]
    keep: Callable[[str, Discarded], None]
    log: Callable[[str], None]
    clock: Callable[[], float] = time.time


class Shard:
    """The reader of one shard."""

    def __init__(self, mapping: Mapping, shard: str, start: str, around: Surroundings) -> None:
        """Go on behind the checkpoint kept, or begin at `start`."""
        kept = around.checkpoints.load(mapping.uuid, shard)
        self.shard = shard
        self.seen = 0
        self.at_tip = kept.finished
        self._closed = kept.finished
        self._saved = Position(mapping.stream, kept.after, finished=kept.finished)
        self._mapping = mapping
        self._start = start
        self._around = around
        self._progress = Progress(kept.after)
        self._last_read = kept.after
        self._iterator: str | None = None
        self._opened = 0.0
        self._lanes = [self._lane() for _ in range(mapping.lanes)]

    @property
    def pending(self) -> int:
        """How many records were read and are not done."""
        return self._progress.pending

    @property
    def finished(self) -> bool:
        """Whether the shard is closed and all of it is done."""
        return self._closed and not self.pending

    def forget_iterator(self) -> None:
        """Open the shard anew before the next read: the engine may be another one by now."""
        self._iterator = None
        self.at_tip = self._closed

    def close(self) -> None:
        """Read no more: the stream does not have this shard any longer."""
        if not self._closed:
            self._around.log(f"{self._mapping.name}: the stream has lost the shard {self.shard}")
        self._closed = self.at_tip = True

    def read(self) -> int:
        """Read one page and hand it to the lanes; return how many records came."""
        if self._closed:
            return 0
        self.at_tip = False
        if self.pending >= max(PENDING_AT_MOST, self._mapping.batch_size):
            return 0
        try:
            page = self._around.streams.page(self._opened_iterator())
        except IteratorLost:
            self.forget_iterator()
            return 0
        except PositionLost:
            self._start_over()
            return 0
        for wire in page.records:
            self._take(wire)
        self._iterator = page.iterator
        self._closed = page.iterator is None
        self.at_tip = self._closed or not page.records
        self._save()
        return len(page.records)

    def step(self, pool: Executor, *, hurry: bool) -> bool:
        """Let each lane that is due invoke once, at the same time; True if any did."""
        if len(self._lanes) == 1:
            results = [self._lanes[0].step(hurry=hurry)]
        else:
            results = list(pool.map(lambda lane: lane.step(hurry=hurry), self._lanes))
        done = [sequence for result in results for sequence in result or ()]
        self._progress.finish(done)
        self._save()
        return any(result is not None for result in results)

    def due(self) -> float | None:
        """Return the time of the next step of a lane, None when none has anything in hand."""
        return min((due for lane in self._lanes if (due := lane.due()) is not None), default=None)

    def _lane(self) -> Lane:
        around = self._around
        return Lane(
            self._mapping,
            invoke=around.invoke,
            discard=lambda gone: around.keep(self.shard, gone),
            clock=around.clock,
            log=around.log,
        )

    def _take(self, wire: dict[str, Any]) -> None:
        change = wire["dynamodb"]
        sequence = str(change["SequenceNumber"])
        self._last_read = sequence
        if not self._progress.read(sequence):
            return
        self.seen += 1
        event = {**wire, "eventSourceARN": self._mapping.stream}
        if not passes(self._mapping.patterns, event):
            self._progress.finish((sequence,))
            return
        key = json.dumps(change["Keys"], sort_keys=True)
        body = json.dumps(event, separators=(",", ":")).encode()
        record = Record(sequence, key, float(change["ApproximateCreationDateTime"]), body)
        self._lanes[zlib.crc32(key.encode()) % len(self._lanes)].offer(record)

    def _opened_iterator(self) -> str:
        now = self._around.clock()
        # An engine that was replaced between two reads takes an old iterator and never finds anything.
        stale = now - self._opened > REOPEN_SECONDS and (self._last_read is not None or self._start == OLDEST)
        if self._iterator is None or stale:
            streams, stream = self._around.streams, self._mapping.stream
            if self._last_read is None:
                self._iterator = streams.iterator(stream, self.shard, self._start)
            else:
                self._iterator = streams.iterator_after(stream, self.shard, self._last_read)
            self._opened = now
        return self._iterator

    def _start_over(self) -> None:
        self._around.log(
            f"{self._mapping.name}: the stream has lost the last position; going on from its oldest record"
        )
        self._iterator = None
        self._start = OLDEST
        self._last_read = None
        self._progress.after = None

    def _save(self) -> None:
        position = Position(self._mapping.stream, self._progress.after, finished=self.finished)
        if position != self._saved:
            self._around.checkpoints.save(self._mapping.uuid, self.shard, position)
            self._saved = position
