"""A position from which a stream cannot be read on is forgotten when the poller starts, and no other."""

from pathlib import Path

import pytest

from infra.local.checkpoints import Checkpoints, Position
from infra.local.mapping import Mapping
from infra.local.resume import forget_lost
from tests.infra.local.test_poller_shards import FUNCTION, STREAM, Scripted

FOLLOWED = Mapping(uuid="u", function=FUNCTION, stream=STREAM)
OTHER_STREAM = STREAM.replace("2026-11-01", "2026-10-31")


@pytest.mark.parametrize(
    "position",
    [Position(STREAM, "1"), Position(STREAM, "1", finished=True), Position(STREAM)],
    ids=["behind a record", "at the end", "at the beginning"],
)
def test_a_position_that_leads_on_is_kept(tmp_path: Path, position: Position) -> None:
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save("u", "only", position)

    lost = forget_lost(FOLLOWED, checkpoints, Scripted(only=["1", "2"]))

    assert lost == 0
    assert checkpoints.kept("u") == {"only": position}


@pytest.mark.parametrize(
    ("shard", "position"),
    [
        ("only", Position(STREAM, "0")),
        ("only", Position(STREAM, "0", finished=True)),
        ("only", Position(STREAM, None, finished=True)),
        ("only", Position(OTHER_STREAM, "1")),
        ("only", Position(OTHER_STREAM, "1", finished=True)),
        ("unknown", Position(STREAM, "1")),
    ],
    ids=["trimmed", "end trimmed", "end of nothing", "other stream", "end of other stream", "unknown shard"],
)
def test_a_position_that_leads_nowhere_is_forgotten(tmp_path: Path, shard: str, position: Position) -> None:
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save("u", shard, position)
    stream = Scripted(only=["1", "2"])
    stream.lost = {"0"}

    lost = forget_lost(FOLLOWED, checkpoints, stream)

    assert lost == 1
    assert checkpoints.kept("u") == {}
    assert checkpoints.knows("u")


def test_positions_in_a_stream_that_is_gone_are_forgotten(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save("u", "only", Position(STREAM, "1"))
    stream = Scripted()
    stream.gone = True

    assert forget_lost(FOLLOWED, checkpoints, stream) == 1


def test_positions_of_mappings_that_are_deployed_no_more_are_deleted(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    for mapping in ("u", "former"):
        checkpoints.save(mapping, "only", Position(STREAM, "1"))

    checkpoints.keep_only({"u"})

    assert checkpoints.knows("u")
    assert not checkpoints.knows("former")
