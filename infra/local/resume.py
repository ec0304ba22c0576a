"""Which kept positions still lead on when the poller starts."""

from botocore.exceptions import ClientError

from infra.local.checkpoints import Checkpoints, Position
from infra.local.mapping import Mapping
from infra.local.streams import PositionLost, Streams


def forget_lost(mapping: Mapping, checkpoints: Checkpoints, streams: Streams) -> int:
    """Forget the positions from which a mapping's stream cannot be read on, and return how many.

    Whatever is not found again begins at its oldest record: rather twice than never.
    """
    kept = checkpoints.kept(mapping.uuid)
    if not kept:
        return 0
    told = _shards(mapping.stream, streams)
    lost = [
        shard
        for shard, position in kept.items()
        if shard not in told or not _leads_on(mapping.stream, shard, position, streams)
    ]
    for shard in lost:
        checkpoints.forget(mapping.uuid, shard)
    return len(lost)


def _shards(stream: str, streams: Streams) -> set[str]:
    try:
        return {found.shard for found in streams.shards(stream)}
    except ClientError:
        # What cannot be looked into keeps nobody's place; the follower says what is the matter with it.
        return set()


def _leads_on(stream: str, shard: str, position: Position, streams: Streams) -> bool:
    # Another stream of the same table may have a shard of the same name.
    if position.stream != stream:
        return False
    if position.after is None:
        return not position.finished
    try:
        streams.iterator_after(stream, shard, position.after)
    except PositionLost:
        return False
    return True
