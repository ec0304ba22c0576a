"""The poller follows the streams of a real engine, whose mappings are disabled."""

import io
import json
import time
import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra.local.engine import REGION, ROOT_KEY, Engine
from infra.local.home import Home
from infra.local.poller import Poller

PORT = 4621
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
RIGHTS = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": "*"}],
}
CODE = """
import json, os

def handler(event, context):
    failures, written = [], []
    for record in event["Records"]:
        image = record["dynamodb"].get("NewImage", {})
        what = image.get("what", {}).get("S")
        if what == "raise":
            raise ValueError("secret of a customer")
        if what == "report":
            failures = [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]
            break
        if os.environ.get("TARGET"):
            import boto3
            item = {"pk": {"S": "copy of " + image["pk"]["S"]}, "sk": image["sk"]}
            boto3.client("dynamodb").put_item(TableName=os.environ["TARGET"], Item=item)
        written.append(record)
    with open(os.environ["NOTES"], "a") as notes:
        notes.write(json.dumps({"got": event["Records"], "applied": written}) + "\\n")
    return {"batchItemFailures": failures}
"""


@dataclass
class Consumer:
    """A toy function that follows the stream of a toy table, and notes what it got."""

    bench: "Bench"
    table: str
    function: str
    notes: Path

    @property
    def batches(self) -> list[list[str]]:
        """The sort keys of each invocation."""
        return [_keys(note["got"]) for note in self._noted()]

    @property
    def applied(self) -> list[str]:
        """The sort keys of the records that went through."""
        return [key for note in self._noted() for key in _keys(note["applied"])]

    @property
    def records(self) -> list[dict[str, Any]]:
        """All records as they came."""
        return [record for note in self._noted() for record in note["got"]]

    def write(self, *names: str, what: str = "fine", pk: str = "a") -> None:
        for name in names:
            item = {"pk": {"S": pk}, "sk": {"S": name}, "what": {"S": what}, "amount": {"N": "1.50"}}
            self.bench.dynamodb.put_item(TableName=self.table, Item=item)

    def _noted(self) -> list[dict[str, Any]]:
        return (
            [json.loads(line) for line in self.notes.read_text().splitlines()] if self.notes.exists() else []
        )


@dataclass
class Bench:
    """An engine with clients, and pollers to stop at the end."""

    engine: Engine
    folder: Path
    pollers: list[Poller] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.session = boto3.Session(ROOT_KEY, "test", region_name=REGION)
        self.dynamodb = self.session.client("dynamodb", endpoint_url=self.engine.endpoint)
        self.functions = self.session.client("lambda", endpoint_url=self.engine.endpoint)
        self.s3 = self.session.client("s3", endpoint_url=self.engine.endpoint)
        self.iam = self.session.client("iam", endpoint_url=self.engine.endpoint)

    def consumer(self, *, target: Consumer | None = None, **settings: Any) -> Consumer:
        name = f"toy-{uuid.uuid4().hex[:8]}"
        stream = self._table(name)
        notes = self.folder / name
        environment = {"NOTES": str(notes)} | ({"TARGET": target.table} if target else {})
        self.functions.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=self._role(name),
            Handler="app.handler",
            Code={"ZipFile": _zipped(CODE)},
            Timeout=10,
            Environment={"Variables": environment},
        )
        self.functions.create_event_source_mapping(
            FunctionName=name,
            EventSourceArn=stream,
            Enabled=False,
            StartingPosition="TRIM_HORIZON",
            **({"BatchSize": 10, "FunctionResponseTypes": ["ReportBatchItemFailures"]} | settings),
        )
        return Consumer(self, name, name, notes)

    def poller(self, *consumers: Consumer) -> Poller:
        poller = Poller(self.engine.endpoint, REGION, self.folder / "poller", self.said.append, self.session)
        names = {consumer.function for consumer in consumers}
        poller.mappings = [one for one in poller.discover() if one.function_name in names]
        poller.start()
        self.pollers.append(poller)
        return poller

    def failures(self, bucket: str) -> list[dict[str, Any]]:
        listed = self.s3.list_objects_v2(Bucket=bucket).get("Contents", [])
        bodies = [self.s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read() for one in listed]
        return [json.loads(body) | {"key": one["Key"]} for one, body in zip(listed, bodies, strict=True)]

    def bucket(self) -> str:
        name = f"failures-{uuid.uuid4().hex[:8]}"
        self.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "ap-southeast-1"})
        return name

    def _table(self, name: str) -> str:
        self.dynamodb.create_table(
            TableName=name,
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
        return str(self.dynamodb.describe_table(TableName=name)["Table"]["LatestStreamArn"])

    def _role(self, name: str) -> str:
        role = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
        self.iam.put_role_policy(RoleName=name, PolicyName="writes", PolicyDocument=json.dumps(RIGHTS))
        return str(role["Role"]["Arn"])


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = Engine(Home(tmp_path_factory.mktemp("home")), PORT)
    engine.start()
    yield engine
    engine.stop()


@pytest.fixture
def bench(engine: Engine, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(engine, tmp_path)
    yield bench
    for poller in bench.pollers:
        poller.stop()


def test_records_arrive_in_order_and_in_the_shape_of_aws(bench: Bench) -> None:
    consumer = bench.consumer(BatchSize=2)
    consumer.write("1", "2", "3")

    drained = bench.poller(consumer).drain(20)

    assert drained["done"]
    assert consumer.batches == [["1", "2"], ["3"]]
    record = consumer.records[0]
    assert set(record) == {
        "eventID",
        "eventName",
        "eventVersion",
        "eventSource",
        "awsRegion",
        "dynamodb",
        "eventSourceARN",
    }
    assert (record["eventName"], record["eventSource"], record["awsRegion"]) == (
        "INSERT",
        "aws:dynamodb",
        REGION,
    )
    assert f"table/{consumer.table}/stream/" in record["eventSourceARN"]
    assert record["dynamodb"]["Keys"] == {"pk": {"S": "a"}, "sk": {"S": "1"}}
    assert record["dynamodb"]["NewImage"]["amount"] == {"N": "1.5"}
    assert isinstance(record["dynamodb"]["ApproximateCreationDateTime"], int | float)


def test_records_written_while_it_runs_are_followed(bench: Bench) -> None:
    consumer = bench.consumer()
    poller = bench.poller(consumer)
    before = poller.drain(20)

    consumer.write("1", "2")
    after = poller.drain(20)

    assert before["done"]
    assert after == {
        "done": True,
        "seconds": after["seconds"],
        "backlog": {f"{consumer.table} -> {consumer.function}": 0},
    }
    assert consumer.applied == ["1", "2"]


def test_only_records_that_pass_the_filter_reach_the_function(bench: Bench) -> None:
    pattern = json.dumps({"eventName": ["INSERT"], "dynamodb": {"NewImage": {"what": {"S": ["wanted"]}}}})
    consumer = bench.consumer(FilterCriteria={"Filters": [{"Pattern": pattern}]})
    consumer.write("1", "2")
    consumer.write("3", what="wanted")
    consumer.write("3", what="wanted too late")

    drained = bench.poller(consumer).drain(20)

    assert drained["done"]
    assert consumer.batches == [["3"]]


def test_a_poison_record_is_isolated_kept_in_the_bucket_and_the_later_ones_go_on(bench: Bench) -> None:
    bucket = bench.bucket()
    consumer = bench.consumer(
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": f"arn:aws:s3:::{bucket}"}},
    )
    consumer.write("1", "2")
    consumer.write("3", what="report")
    consumer.write("4", "5")
    consumer.write("6", what="raise")
    consumer.write("7")

    drained = bench.poller(consumer).drain(30)

    assert drained["done"]
    assert sorted(set(consumer.applied)) == ["1", "2", "4", "5", "7"]
    kept = bench.failures(bucket)
    events = [json.loads(one["payload"])["Records"] for one in kept]
    assert sorted(_keys(records) for records in events) == [["3"], ["6"]]
    assert {one["requestContext"]["condition"] for one in kept} == {"RetryAttemptsExhausted"}
    assert {one["DDBStreamBatchInfo"]["batchSize"] for one in kept} == {1}
    assert sorted(one["responseContext"].get("functionError", "") for one in kept) == ["", "Unhandled"]
    uuid_of = bench.pollers[0].mappings[0].uuid
    shard = kept[0]["DDBStreamBatchInfo"]["shardId"]
    assert all(one["key"].startswith(f"aws/lambda/{uuid_of}/{shard}/2") for one in kept)
    assert "secret" not in "".join(bench.said)


def test_a_record_that_is_too_old_goes_to_the_bucket_unseen(bench: Bench) -> None:
    bucket = bench.bucket()
    consumer = bench.consumer(
        MaximumRecordAgeInSeconds=3,
        DestinationConfig={"OnFailure": {"Destination": f"arn:aws:s3:::{bucket}"}},
    )
    consumer.write("1")
    # Ages are told in whole seconds: the second record is far from too old, however slow the poller starts.
    time.sleep(4.1)
    consumer.write("2")

    drained = bench.poller(consumer).drain(20)

    assert drained["done"]
    assert consumer.batches == [["2"]]
    assert [one["requestContext"]["condition"] for one in bench.failures(bucket)] == ["RecordAgeExceeded"]


def test_a_new_poller_goes_on_where_the_last_one_stopped(bench: Bench) -> None:
    consumer = bench.consumer()
    consumer.write("1", "2")
    first = bench.poller(consumer)
    first.drain(20)
    first.stop()

    consumer.write("3")
    drained = bench.poller(consumer).drain(20)

    assert drained["done"]
    assert consumer.batches == [["1", "2"], ["3"]]
    assert bench.said == []


def test_an_unfinished_batch_comes_again_after_a_restart(bench: Bench) -> None:
    consumer = bench.consumer(BatchSize=2)
    consumer.write("1")
    consumer.write("2", what="report")
    consumer.write("3")
    first = bench.poller(consumer)
    drained = first.drain(1)
    first.stop()

    consumer.write("4")
    bench.poller(consumer).drain(1)

    assert not drained["done"]
    assert list(drained["backlog"].values()) == [2]
    assert consumer.applied.count("1") == 1
    assert consumer.batches[-1][0] == "2"


def test_items_are_worked_off_in_parallel_and_each_in_order(bench: Bench) -> None:
    consumer = bench.consumer(ParallelizationFactor=3, BatchSize=2)
    for version in ("fine", "better", "best"):
        consumer.write("x", "y", "z", "w", what=version)

    drained = bench.poller(consumer).drain(20)

    assert drained["done"]
    versions: dict[str, list[str]] = {}
    for record in consumer.records:
        image = record["dynamodb"]["NewImage"]
        versions.setdefault(image["sk"]["S"], []).append(image["what"]["S"])
    assert versions == {name: ["fine", "better", "best"] for name in "xyzw"}


def test_draining_waits_for_what_a_function_writes_to_the_stream_of_another(bench: Bench) -> None:
    last = bench.consumer(MaximumBatchingWindowInSeconds=5)
    middle = bench.consumer(target=last, MaximumBatchingWindowInSeconds=5)
    first = bench.consumer(target=middle, MaximumBatchingWindowInSeconds=5)
    poller = bench.poller(last, middle, first)
    first.write("1", "2", "3")

    drained = poller.drain(30)

    assert drained["done"]
    assert drained["seconds"] < 15
    assert last.applied == ["1", "2", "3"]


def test_a_poller_survives_an_engine_that_lost_its_unread_records(bench: Bench) -> None:
    consumer = bench.consumer()
    consumer.write("1", "2")
    poller = bench.poller(consumer)
    poller.drain(20)

    bench.engine.stop()
    bench.engine.start()
    consumer.write("3")
    drained = poller.drain(30)

    assert drained["done"]
    assert consumer.applied == ["1", "2", "3"]
    assert any("lost the last position" in line for line in bench.said)


def test_a_mapping_that_the_engine_follows_too_is_named(bench: Bench) -> None:
    consumer = bench.consumer()
    [mapping] = bench.functions.list_event_source_mappings(FunctionName=consumer.function)[
        "EventSourceMappings"
    ]
    bench.functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)

    bench.poller(consumer)

    assert any(consumer.function in line and "enabled in the engine" in line for line in bench.said)
    bench.functions.delete_event_source_mapping(UUID=mapping["UUID"])


def test_a_new_poller_survives_an_engine_that_lost_its_unread_records(bench: Bench) -> None:
    consumer = bench.consumer()
    consumer.write("1")
    first = bench.poller(consumer)
    first.drain(20)
    first.stop()

    consumer.write("2")
    bench.engine.stop()
    bench.engine.start()
    consumer.write("3")
    drained = bench.poller(consumer).drain(20)

    assert drained["done"]
    assert consumer.applied == ["1", "3"]
    assert sum("no stream has any more: 1" in line for line in bench.said) == 1


def _keys(records: list[dict[str, Any]]) -> list[str]:
    return [record["dynamodb"]["Keys"]["sk"]["S"] for record in records]


def _zipped(code: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("app.py", code)
    return file.getvalue()
