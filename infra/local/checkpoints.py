"""How far each shard has been worked off, in memory and on disk."""

import json
import shutil
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from infra.local.home import write_private


@dataclass(frozen=True)
class Position:
    """The last record of a shard up to which everything is done; `finished` when no more will come."""

    stream: str = ""
    after: str | None = None
    finished: bool = False


class Progress:
    """The records that were read and not done, in order."""

    def __init__(self, after: str | None) -> None:
        """Start behind the record named, or at the beginning."""
        self.after = after
        self.pending = 0
        self._done: dict[str, bool] = {}

    def read(self, sequence: str) -> bool:
        """Note a record in the order of the shard; False if it is in hand already."""
        if sequence in self._done:
            return False
        self._done[sequence] = False
        self.pending += 1
        return True

    def finish(self, sequences: Iterable[str]) -> None:
        """Note that records are done, and move the position as far as all are."""
        for sequence in sequences:
            self._done[sequence] = True
            self.pending -= 1
        while self._done:
            first = next(iter(self._done))
            if not self._done[first]:
                break
            del self._done[first]
            self.after = first


class Checkpoints:
    """Positions on disk: one small file for each mapping and shard, replaced in one step."""

    def __init__(self, folder: Path) -> None:
        """Keep the files below this folder."""
        self._folder = folder

    def load(self, mapping: str, shard: str) -> Position:
        """Return the position kept, the beginning if none is or if it cannot be read."""
        try:
            kept = json.loads(self._file(mapping, shard).read_text())
            return Position(str(kept["stream"]), kept["after"], finished=bool(kept["finished"]))
        except (OSError, ValueError, KeyError, TypeError):
            return Position()

    def save(self, mapping: str, shard: str, position: Position) -> None:
        """Replace the position kept."""
        file = self._file(mapping, shard)
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(file, json.dumps(asdict(position)))

    def kept(self, mapping: str) -> dict[str, Position]:
        """Return the position of every shard of a mapping that has one."""
        shards = sorted(file.stem for file in (self._folder / mapping).glob("*.json"))
        return {shard: self.load(mapping, shard) for shard in shards}

    def knows(self, mapping: str) -> bool:
        """Whether the mapping was ever followed, even if none of its positions is left."""
        return (self._folder / mapping).exists()

    def forget(self, mapping: str, shard: str) -> None:
        """Delete a position; the mapping stays known, so that its shards are read from their beginning."""
        self._file(mapping, shard).unlink(missing_ok=True)

    def keep_only(self, mappings: Collection[str]) -> None:
        """Delete the positions of mappings that are deployed no more."""
        for folder in self._folder.glob("*"):
            if folder.name not in mappings:
                shutil.rmtree(folder)

    def _file(self, mapping: str, shard: str) -> Path:
        return self._folder / mapping / f"{shard}.json"
