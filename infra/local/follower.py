"""One mapping's thread: reads its shards, works them off, and says how far it is."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from infra.local.mapping import OLDEST, Mapping
from infra.local.shard import Shard, Surroundings
from infra.local.streams import ShardFound, code

BUSY_SECONDS = 0.1
WINDOWED_SECONDS = 0.25
IDLE_SECONDS = 0.5
BROKEN_SECONDS = 1.0
DISCOVER_SECONDS = 60


@dataclass(frozen=True)
class Glance:
    """How far a mapping was at the end of one pass over its shards."""

    number: int
    seen: int
    pending: int
    at_tip: bool

    @property
    def calm(self) -> bool:
        """Nothing in hand, and the pass found nothing new."""
        return self.at_tip and not self.pending


class Follower:
    """Follows the stream of one mapping until it is stopped."""

    def __init__(self, mapping: Mapping, around: Surroundings, hurry: Callable[[], bool]) -> None:
        """Prepare; `hurry` says whether batching windows should not be waited for."""
        self.mapping = mapping
        self._around = around
        self._hurry = hurry
        self._shards: dict[str, Shard] = {}
        self._discover_at = 0.0
        self._delay = IDLE_SECONDS
        self._complaint = ""
        self._stop = threading.Event()
        self._kick = threading.Event()
        self._changed = threading.Condition()
        self._started = 0
        self._glance = Glance(0, 0, 0, at_tip=False)
        self._thread = threading.Thread(target=self._run, name=f"follows {mapping.name}", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def stop(self) -> None:
        """Ask to end after the invocation in hand."""
        self._stop.set()
        self._kick.set()

    def join(self, timeout: float) -> bool:
        """Wait for the end; False if an invocation takes longer than `timeout` seconds."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def latest(self) -> Glance:
        """Return the glance of the last pass that ended."""
        with self._changed:
            return self._glance

    def ask(self) -> int:
        """Ask for a pass that begins from now on, and return its number."""
        with self._changed:
            wanted = self._started + 1
        self._kick.set()
        return wanted

    def glance(self, number: int, timeout: float) -> Glance | None:
        """Return the first glance of a pass with this number or a later one; None after `timeout` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._glance.number >= number, timeout)
            return self._glance if self._glance.number >= number else None

    def _run(self) -> None:
        try:
            with ThreadPoolExecutor(self.mapping.lanes) as pool:
                self._follow(pool)
        finally:
            if not self._stop.is_set():
                self._around.log(f"{self.mapping.name}: a fault of the poller; it is not followed any more")

    def _follow(self, pool: ThreadPoolExecutor) -> None:
        while not self._stop.is_set():
            self._kick.clear()
            with self._changed:
                self._started += 1
            delay = self._attempt(pool)
            if not self._stop.is_set():
                self._kick.wait(delay)

    def _attempt(self, pool: ThreadPoolExecutor) -> float:
        try:
            delay = self._pass(pool)
        except (ClientError, BotoCoreError, OSError) as error:
            for shard in self._shards.values():
                shard.forget_iterator()
            self._complain(code(error) if isinstance(error, ClientError) else type(error).__name__)
            self._publish(at_tip=False)
            return BROKEN_SECONDS
        self._complaint = ""
        return delay

    def _pass(self, pool: ThreadPoolExecutor) -> float:
        self._discover()
        open_shards = [shard for shard in self._shards.values() if not shard.finished]
        found = sum(shard.read() for shard in open_shards)
        moved = [shard.step(pool, hurry=self._hurry()) for shard in open_shards]
        ended = any(shard.finished for shard in open_shards)
        if ended:
            # Its children come to light only now, and they may hold records.
            self._discover_at = 0
        self._publish(
            at_tip=not ended and bool(self._shards) and all(one.at_tip for one in self._shards.values())
        )
        return self._next_delay(found=found, moved=any(moved))

    def _next_delay(self, *, found: int, moved: bool) -> float:
        busy = WINDOWED_SECONDS if self.mapping.window else BUSY_SECONDS
        self._delay = busy if found else min(self._delay * 1.5, IDLE_SECONDS)
        dues = [due for shard in self._shards.values() if (due := shard.due()) is not None]
        if not dues:
            return self._delay
        wait = min(dues) - self._around.clock()
        # A batch that is ready need not wait for the next poll.
        return 0 if moved and wait <= 0 else max(0.01, min(self._delay, wait))

    def _discover(self) -> None:
        now = self._around.clock()
        if now < self._discover_at:
            return
        told = {found.shard: found for found in self._around.streams.shards(self.mapping.stream)}
        first = not self._shards and not self._around.checkpoints.knows(self.mapping.uuid)
        for found in told.values():
            if found.shard not in self._shards and self._is_next(found, told):
                # Only what was never followed can be read from its end; everything else continues something.
                start = self.mapping.start if first else OLDEST
                self._shards[found.shard] = Shard(self.mapping, found.shard, start, self._around)
        for gone in self._shards.keys() - told:
            self._shards[gone].close()
            if self._shards[gone].finished:
                del self._shards[gone]
                self._around.checkpoints.forget(self.mapping.uuid, gone)
        self._discover_at = now + DISCOVER_SECONDS

    def _is_next(self, found: ShardFound, told: dict[str, ShardFound]) -> bool:
        if found.parent is None or found.parent not in told:
            return True
        parent = self._shards.get(found.parent)
        return parent is not None and parent.finished

    def _publish(self, *, at_tip: bool) -> None:
        shards = self._shards.values()
        with self._changed:
            self._glance = Glance(
                self._started,
                sum(shard.seen for shard in shards),
                sum(shard.pending for shard in shards),
                at_tip,
            )
            self._changed.notify_all()

    def _complain(self, complaint: str) -> None:
        if complaint != self._complaint and not self._stop.is_set():
            self._around.log(f"{self.mapping.name}: the stream cannot be read just now ({complaint})")
        self._complaint = complaint
