"""Shards are read in the order in which they continue each other, and from where they were left."""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from infra.local.checkpoints import Checkpoints, Position
from infra.local.follower import Follower
from infra.local.lane import Answer, Record
from infra.local.mapping import NEWEST, OLDEST, Mapping
from infra.local.shard import Surroundings
from infra.local.streams import IteratorLost, Page, PositionLost, ShardFound, Streams

FUNCTION = "arn:aws:lambda:ap-southeast-1:000000000000:function:toy"
STREAM = "arn:aws:dynamodb:ap-southeast-1:000000000000:table/toys/stream/2026-11-01T00:00:00.000"


class Scripted(Streams):
    """A stream with several shards, as DynamoDB has and the engine has not."""

    def __init__(self, **shards: list[str]) -> None:
        self.records = shards
        self.parents: dict[str, str] = {}
        self.closed: set[str] = set()
        self.lost: set[str] = set()
        self.expire = False
        self.away = False
        self.gone = False
        self.opened: list[tuple[str, str]] = []

    def shards(self, stream: str) -> list[ShardFound]:
        assert stream == STREAM
        if self.gone:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "DescribeStream")
        return [ShardFound(name, self.parents.get(name)) for name in self.records]

    def iterator(self, stream: str, shard: str, start: str) -> str:
        assert stream == STREAM
        self.opened.append((shard, start))
        return f"{shard}:{len(self.records[shard]) if start == NEWEST else 0}"

    def iterator_after(self, stream: str, shard: str, sequence: str) -> str:
        assert stream == STREAM
        self.opened.append((shard, sequence))
        if sequence in self.lost:
            raise PositionLost
        return f"{shard}:{self.records[shard].index(sequence) + 1}"

    def page(self, iterator: str) -> Page:
        if self.away:
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1")
        if self.expire:
            self.expire = False
            raise IteratorLost
        shard, place = iterator.split(":")
        if shard not in self.records:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "GetRecords")
        records = self.records[shard][int(place) : int(place) + 2]
        end = int(place) + len(records)
        is_last = shard in self.closed and end == len(self.records[shard])
        return Page([wire(name) for name in records], None if is_last else f"{shard}:{end}")


class Bench:
    """One follower of a scripted stream, and notes of what its function got."""

    def __init__(self, folder: Path) -> None:
        self.checkpoints = Checkpoints(folder)
        self.got: list[str] = []
        self.said: list[str] = []
        self.answer: Callable[[list[str]], Answer] = lambda _: Answer()
        self.followers: list[Follower] = []
        self.later = 0.0

    def follow(self, stream: Streams, **settings: Any) -> Follower:
        mapping = Mapping(uuid="u", function=FUNCTION, stream=STREAM, **settings)
        around = Surroundings(
            stream, self.checkpoints, self._invoke, lambda *_: None, self.said.append, self._clock
        )
        follower = Follower(mapping, around, hurry=lambda: False)
        follower.start()
        self.followers.append(follower)
        return follower

    def _clock(self) -> float:
        return time.time() + self.later

    def _invoke(self, records: Sequence[Record]) -> Answer:
        names = [record.sequence for record in records]
        answer = self.answer(names)
        if not answer.error:
            self.got += names
        return answer


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    for follower in bench.followers:
        follower.stop()
        assert follower.join(5)


def wire(name: str) -> dict[str, Any]:
    change = {"SequenceNumber": name, "Keys": {"pk": {"S": name}}, "ApproximateCreationDateTime": time.time()}
    return {"eventName": "INSERT", "dynamodb": change}


def calm(follower: Follower) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        glance = follower.glance(follower.ask(), 5)
        if glance is not None and glance.calm:
            return
    pytest.fail("the follower never came to rest")


def test_a_child_is_read_only_when_its_parent_is_done(bench: Bench) -> None:
    stream = Scripted(parent=["1", "2", "3"], child=["4", "5"])
    stream.parents, stream.closed = {"child": "parent"}, {"parent"}
    bench.answer = lambda names: Answer(error=None if len(bench.got) or names[0] != "1" else "Unhandled")
    follower = bench.follow(stream)
    follower.glance(3, 5)
    while_failing = [shard for shard, _ in stream.opened]

    bench.answer = lambda _: Answer()
    calm(follower)

    assert while_failing == ["parent"]
    assert bench.got == ["1", "2", "3", "4", "5"]


def test_a_finished_shard_is_not_read_again_after_a_restart(bench: Bench) -> None:
    stream = Scripted(parent=["1"], child=["2"])
    stream.parents, stream.closed = {"child": "parent"}, {"parent"}
    first = bench.follow(stream)
    calm(first)
    first.stop()
    first.join(5)
    stream.opened.clear()

    stream.records["child"].append("3")
    calm(bench.follow(stream))

    assert stream.opened == [("child", "2")]
    assert bench.got == ["1", "2", "3"]
    assert bench.checkpoints.load("u", "parent") == Position(STREAM, "1", finished=True)


def test_a_mapping_from_the_newest_skips_the_past_and_nothing_of_a_new_shard(bench: Bench) -> None:
    stream = Scripted(parent=["1"])
    follower = bench.follow(stream, start=NEWEST)
    calm(follower)

    stream.records["parent"].append("2")
    calm(follower)
    stream.records["child"] = ["3"]
    stream.parents, stream.closed = {"child": "parent"}, {"parent"}
    calm(follower)

    assert ("child", OLDEST) in stream.opened
    assert bench.got == ["2", "3"]


def test_a_mapping_from_the_newest_skips_nothing_when_it_comes_back(bench: Bench) -> None:
    stream = Scripted(parent=["1"])
    stream.closed = {"parent"}
    bench.checkpoints.save("u", "parent", Position(STREAM, "1", finished=True))
    bench.checkpoints.save("u", "lost", Position(STREAM, "0"))
    bench.checkpoints.forget("u", "lost")

    stream.records |= {"child": ["2"], "found again": ["3"]}
    stream.parents = {"child": "parent"}
    calm(bench.follow(stream, start=NEWEST))

    assert sorted(bench.got) == ["2", "3"]


def test_a_shard_that_the_stream_loses_is_named_and_the_others_go_on(bench: Bench) -> None:
    stream = Scripted(lost=["1"], other=["2"])
    follower = bench.follow(stream)
    calm(follower)

    del stream.records["lost"]
    stream.records["other"].append("3")
    bench.later = 61
    calm(follower)

    assert bench.got == ["1", "2", "3"]
    assert sum("lost the shard" in line for line in bench.said) == 1
    assert set(bench.checkpoints.kept("u")) == {"other"}


def test_an_expired_iterator_is_renewed_behind_the_last_record_read(bench: Bench) -> None:
    stream = Scripted(only=["1", "2"])
    follower = bench.follow(stream)
    calm(follower)

    stream.expire = True
    stream.records["only"].append("3")
    calm(follower)

    assert stream.opened == [("only", OLDEST), ("only", "2")]
    assert bench.got == ["1", "2", "3"]


def test_a_position_the_stream_has_lost_means_its_oldest_record(bench: Bench) -> None:
    bench.checkpoints.save("u", "only", Position(STREAM, "1"))
    stream = Scripted(only=["2", "3"])
    stream.lost = {"1"}

    calm(bench.follow(stream))

    assert bench.got == ["2", "3"]
    assert sum("lost the last position" in line for line in bench.said) == 1


def test_a_stream_that_is_away_is_never_calm_and_read_on_when_it_is_back(bench: Bench) -> None:
    stream = Scripted(only=["1"])
    follower = bench.follow(stream)
    calm(follower)
    stream.away = True

    away = follower.glance(follower.ask(), 5)
    stream.away = False
    stream.records["only"].append("2")
    calm(follower)

    assert away is not None
    assert not away.calm
    assert bench.got == ["1", "2"]
    assert sum("cannot be read" in line for line in bench.said) == 1


def test_a_checkpoint_that_cannot_be_read_means_the_beginning(bench: Bench, tmp_path: Path) -> None:
    bench.checkpoints.save("u", "only", Position(STREAM, "1"))
    (tmp_path / "u" / "only.json").write_text("torn")

    kept = bench.checkpoints.load("u", "only")

    assert kept == Position()
