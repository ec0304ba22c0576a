"""A lane batches, retries, bisects and gives up as AWS documents it for DynamoDB streams."""

import json
from collections.abc import Callable, Sequence

import pytest

from infra.local.checkpoints import Progress
from infra.local.lane import PAYLOAD_BYTES, Answer, Discarded, Lane, Record, payload
from infra.local.mapping import Mapping, described

ARN = "arn:aws:lambda:ap-southeast-1:000000000000:function:soms-local-stock"
STREAM = "arn:aws:dynamodb:ap-southeast-1:000000000000:table/soms-local-orders/stream/2026-11-01T00:00:00.000"
STARTED = 1_000_000.0


class Bench:
    """A lane on a work bench: a clock to turn, and notes of what was invoked and given up."""

    def __init__(self, answer: Callable[[list[str]], Answer], **settings: object) -> None:
        self.now = STARTED
        self.invoked: list[list[str]] = []
        self.times: list[float] = []
        self.discarded: list[Discarded] = []
        self.done: list[str] = []
        self.answer = answer
        mapping = Mapping(uuid="u", function=ARN, stream=STREAM, **settings)  # type: ignore[arg-type]
        self.lane = Lane(
            mapping,
            invoke=self._invoke,
            discard=self.discarded.append,
            clock=lambda: self.now,
            log=lambda _: None,
        )

    def _invoke(self, records: Sequence[Record]) -> Answer:
        names = [record.sequence for record in records]
        self.invoked.append(names)
        self.times.append(self.now)
        return self.answer(names)

    def feed(self, *names: str, created: float = STARTED, size: int = 2) -> None:
        for name in names:
            self.lane.offer(Record(name, name, created, b"x" * size))

    def run(self, seconds: float = 3600) -> None:
        """Work until nothing is due within so many seconds, turning the clock to each next step."""
        until = self.now + seconds
        while (due := self.lane.due()) is not None and due <= until:
            self.now = max(self.now, due)
            done = self.lane.step()
            if done is None:
                return
            self.done += done


def well(_: list[str]) -> Answer:
    return Answer()


def raises_on(*poison: str) -> Callable[[list[str]], Answer]:
    return lambda names: Answer(error="Unhandled" if set(poison) & set(names) else None)


def reports(*poison: str) -> Callable[[list[str]], Answer]:
    """Stop at the first poisoned record and report it, as our consumers do."""

    def answer(names: list[str]) -> Answer:
        found = [{"itemIdentifier": name} for name in names if name in poison][:1]
        return Answer(payload=json.dumps({"batchItemFailures": found}).encode())

    return answer


def says(text: str) -> Callable[[list[str]], Answer]:
    return lambda _: Answer(payload=text.encode())


def test_records_are_invoked_in_order_in_batches_of_the_size_set() -> None:
    bench = Bench(well, batch_size=2)
    bench.feed("1", "2", "3", "4", "5")

    bench.run()

    assert bench.invoked == [["1", "2"], ["3", "4"], ["5"]]
    assert bench.done == ["1", "2", "3", "4", "5"]


def test_a_batch_that_is_not_full_waits_for_its_window_and_a_full_one_does_not() -> None:
    bench = Bench(well, batch_size=3, window=1)
    bench.feed("1", "2", "3", "4")

    bench.run()

    assert bench.invoked == [["1", "2", "3"], ["4"]]
    assert bench.times == [STARTED, STARTED + 1]


def test_the_window_is_not_waited_for_while_draining() -> None:
    bench = Bench(well, batch_size=3, window=300)
    bench.feed("1")

    done = bench.lane.step(hurry=True)

    assert done == ["1"]


def test_a_batch_never_exceeds_the_payload_lambda_takes() -> None:
    bench = Bench(well, batch_size=100)
    bench.feed("1", "2", "3", size=PAYLOAD_BYTES // 2 - 1000)

    bench.run()

    assert bench.invoked == [["1", "2"], ["3"]]


def test_the_event_carries_the_records_as_they_are() -> None:
    records = [Record("1", "k", 0, b'{"eventID":"a"}'), Record("2", "k", 0, b'{"eventID":"b"}')]

    event = json.loads(payload(records))

    assert event == {"Records": [{"eventID": "a"}, {"eventID": "b"}]}


def test_a_failed_batch_is_retried_with_growing_pauses_up_to_a_cap() -> None:
    bench = Bench(raises_on("1"), retries=9)
    bench.feed("1")

    bench.run()

    pauses = [round(later - earlier, 3) for earlier, later in zip(bench.times, bench.times[1:], strict=False)]
    assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5, 5]


def test_a_batch_is_tried_once_and_then_as_often_as_retries_allow() -> None:
    bench = Bench(raises_on("2"), retries=2)
    bench.feed("1", "2", "3")

    bench.run()

    assert bench.invoked == [["1", "2", "3"]] * 3
    assert [(gone.condition, gone.invocations) for gone in bench.discarded] == [("RetryAttemptsExhausted", 3)]
    assert [record.sequence for record in bench.discarded[0].records] == ["1", "2", "3"]
    assert bench.done == ["1", "2", "3"]


def test_no_retries_means_one_invocation() -> None:
    bench = Bench(raises_on("1"), retries=0)
    bench.feed("1")

    bench.run()

    assert bench.invoked == [["1"]]


def test_unlimited_retries_end_with_the_records_age() -> None:
    bench = Bench(raises_on("1"), retries=None, max_age=60)
    bench.feed("1")

    bench.run()

    assert [gone.condition for gone in bench.discarded] == ["RecordAgeExceeded"]
    assert bench.now == pytest.approx(STARTED + 60, abs=6)


def test_records_that_are_too_old_are_never_sent_and_the_others_are() -> None:
    bench = Bench(well, max_age=60)
    bench.feed("1", "2", created=STARTED - 61)
    bench.feed("3")

    bench.run()

    assert bench.invoked == [["3"]]
    assert [record.sequence for record in bench.discarded[0].records] == ["1", "2"]
    assert bench.done == ["1", "2", "3"]


def test_a_partial_failure_keeps_what_went_before_and_retries_the_rest() -> None:
    bench = Bench(reports("2"), partial=True, retries=2)
    bench.feed("1", "2", "3")

    bench.run()

    assert bench.invoked == [["1", "2", "3"], ["2", "3"], ["2", "3"]]
    assert [record.sequence for record in bench.discarded[0].records] == ["2", "3"]


def test_the_lowest_of_several_reported_records_is_the_checkpoint() -> None:
    bench = Bench(well, partial=True)
    bench.feed("1", "2", "3", "4")
    bench.answer = says('{"batchItemFailures": [{"itemIdentifier": "4"}, {"itemIdentifier": "2"}]}')

    bench.run(seconds=0)
    bench.answer = well
    bench.run()

    assert bench.invoked == [["1", "2", "3", "4"], ["2", "3", "4"]]
    assert bench.done == ["1", "2", "3", "4"]


@pytest.mark.parametrize(
    "answer",
    [
        '{"batchItemFailures": [{"itemIdentifier": ""}]}',
        '{"batchItemFailures": [{"itemIdentifier": null}]}',
        '{"batchItemFailures": [{"sequence": "2"}]}',
        '{"batchItemFailures": [{"itemIdentifier": "unknown"}]}',
        '{"batchItemFailures": [{"itemIdentifier": "2"}, {"itemIdentifier": "unknown"}]}',
        '{"batchItemFailures": "2"}',
        '{"batchItemFailures": ["2"]}',
        '"done"',
        "not json",
    ],
)
def test_an_answer_that_names_no_record_of_the_batch_fails_the_whole_batch(answer: str) -> None:
    bench = Bench(says(answer), partial=True, retries=1)
    bench.feed("1", "2", "3")

    bench.run()

    assert bench.invoked == [["1", "2", "3"]] * 2


@pytest.mark.parametrize(
    "answer", ["", "null", "{}", '{"batchItemFailures": []}', '{"batchItemFailures": null}']
)
def test_an_answer_without_failures_is_a_success(answer: str) -> None:
    bench = Bench(says(answer), partial=True)
    bench.feed("1", "2")

    bench.run()

    assert bench.done == ["1", "2"]
    assert len(bench.invoked) == 1


def test_reported_failures_mean_nothing_where_the_mapping_does_not_ask_for_them() -> None:
    bench = Bench(reports("1"), partial=False)
    bench.feed("1")

    bench.run()

    assert bench.done == ["1"]


def test_bisecting_isolates_the_poison_and_uses_up_no_retry() -> None:
    bench = Bench(raises_on("5"), bisect=True, retries=2)
    bench.feed(*"12345678")

    bench.run()

    assert bench.invoked == [
        list("12345678"),
        list("1234"),
        list("5678"),
        list("56"),
        ["5"],
        ["5"],
        ["5"],
        ["6"],
        list("78"),
    ]
    assert [[record.sequence for record in gone.records] for gone in bench.discarded] == [["5"]]
    assert bench.done == list("12345678")


def test_a_consumer_that_stops_at_the_poison_gets_it_alone_and_then_the_later_records() -> None:
    bench = Bench(reports("3"), partial=True, bisect=True, retries=1)
    bench.feed(*"1234567")

    bench.run()

    assert bench.invoked[:4] == [list("1234567"), list("34567"), list("34"), ["3"]]
    assert [[record.sequence for record in gone.records] for gone in bench.discarded] == [["3"]]
    assert bench.done == list("1234567")


def test_two_poison_records_are_given_up_one_by_one() -> None:
    bench = Bench(reports("2", "6"), partial=True, bisect=True, retries=0)
    bench.feed(*"1234567")

    bench.run()

    assert [[record.sequence for record in gone.records] for gone in bench.discarded] == [["2"], ["6"]]
    assert bench.done == list("1234567")


def test_a_function_that_cannot_be_reached_costs_no_retry() -> None:
    bench = Bench(lambda _: Answer(invoked=False, error="TooManyRequestsException"), retries=1, bisect=True)
    bench.feed("1", "2")

    bench.run(seconds=30)
    bench.answer = well
    bench.run()

    assert len(bench.invoked) > 5
    assert bench.discarded == []
    assert bench.done == ["1", "2"]


def test_later_records_wait_while_an_earlier_batch_is_retried() -> None:
    bench = Bench(raises_on("1"), batch_size=1, retries=5)
    bench.feed("1", "2")

    bench.run(seconds=0)
    early = list(bench.invoked)
    bench.answer = well
    bench.run()

    assert early == [["1"]]
    assert bench.invoked == [["1"], ["1"], ["2"]]


def test_the_position_moves_only_as_far_as_everything_before_it_is_done() -> None:
    progress = Progress("0")
    for sequence in "1234":
        progress.read(sequence)

    positions = []
    for sequence in "2314":
        progress.finish([sequence])
        positions.append((progress.after, progress.pending))

    assert positions == [("0", 3), ("0", 2), ("3", 1), ("4", 0)]


def test_a_mapping_takes_the_defaults_that_aws_documents() -> None:
    mapping = described({"UUID": "u", "FunctionArn": ARN, "EventSourceArn": STREAM})

    assert mapping == Mapping(uuid="u", function=ARN, stream=STREAM)
    assert (mapping.name, mapping.max_age) == ("soms-local-orders -> soms-local-stock", 86400)


def test_a_mapping_is_read_as_it_was_deployed() -> None:
    answer = {
        "UUID": "u",
        "FunctionArn": ARN,
        "EventSourceArn": STREAM,
        "BatchSize": 7,
        "MaximumBatchingWindowInSeconds": 1,
        "FilterCriteria": {"Filters": [{"Pattern": '{"eventName": ["INSERT"]}'}]},
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "BisectBatchOnFunctionError": True,
        "MaximumRetryAttempts": 10,
        "MaximumRecordAgeInSeconds": 21600,
        "ParallelizationFactor": 2,
        "StartingPosition": "LATEST",
        "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:s3:::failures"}},
    }

    mapping = described(answer)

    assert mapping == Mapping(
        uuid="u",
        function=ARN,
        stream=STREAM,
        batch_size=7,
        window=1,
        patterns=({"eventName": ["INSERT"]},),
        partial=True,
        bisect=True,
        retries=10,
        max_age=21600,
        lanes=2,
        start="LATEST",
        destination="arn:aws:s3:::failures",
    )
