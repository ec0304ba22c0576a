"""Reading DynamoDB streams: shards, positions and pages of records in their wire form."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

PAGE_RECORDS = 1000
TRIMMED = "TrimmedDataAccessException"
EXPIRED = "ExpiredIteratorException"


class PositionLost(RuntimeError):
    """The records at this position are no longer in the stream."""


class IteratorLost(RuntimeError):
    """The iterator is too old; a new one from the same position will do."""


@dataclass(frozen=True)
class ShardFound:
    """A shard of a stream and the one it continues."""

    shard: str
    parent: str | None


@dataclass(frozen=True)
class Page:
    """Records as DynamoDB sent them, and where to read on; None when the shard is closed."""

    records: list[dict[str, Any]]
    iterator: str | None


class Streams:
    """The stream API of one endpoint."""

    def __init__(self, session: boto3.Session, endpoint: str, region: str, *, connections: int) -> None:
        """Open the client; it is safe to share between threads."""
        config = Config(
            connect_timeout=5,
            read_timeout=30,
            retries={"total_max_attempts": 1},
            max_pool_connections=connections,
        )
        self._client = session.client(
            "dynamodbstreams", endpoint_url=endpoint, region_name=region, config=config
        )
        # Parsing every attribute by its model costs ten times as much as the JSON, which is the event's form.
        self._client.meta.events.register("before-parse.dynamodb-streams.GetRecords", _keep_wire_form)

    def shards(self, stream: str) -> list[ShardFound]:
        """Return the shards of a stream, in the order in which they are told."""
        found: list[ShardFound] = []
        more: dict[str, str] = {}
        while True:
            told = self._client.describe_stream(StreamArn=stream, **more)["StreamDescription"]
            found += [ShardFound(one["ShardId"], one.get("ParentShardId")) for one in told["Shards"]]
            last = told.get("LastEvaluatedShardId")
            if not last:
                return found
            more = {"ExclusiveStartShardId": last}

    def iterator(self, stream: str, shard: str, start: str) -> str:
        """Return an iterator at the oldest or the newest record."""
        answer = self._client.get_shard_iterator(StreamArn=stream, ShardId=shard, ShardIteratorType=start)
        return str(answer["ShardIterator"])

    def iterator_after(self, stream: str, shard: str, sequence: str) -> str:
        """Return an iterator behind a record, or raise PositionLost."""
        try:
            answer = self._client.get_shard_iterator(
                StreamArn=stream,
                ShardId=shard,
                ShardIteratorType="AFTER_SEQUENCE_NUMBER",
                SequenceNumber=sequence,
            )
        except ClientError as error:
            raise _named(error) from error
        return str(answer["ShardIterator"])

    def page(self, iterator: str) -> Page:
        """Return the next records, or raise PositionLost or IteratorLost."""
        try:
            answer = self._client.get_records(ShardIterator=iterator, Limit=PAGE_RECORDS)
        except ClientError as error:
            raise _named(error) from error
        return Page(answer["Records"], answer.get("NextShardIterator"))


def code(error: ClientError) -> str:
    """Return the code of an AWS error."""
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


def _named(error: ClientError) -> Exception:
    return {TRIMMED: PositionLost(), EXPIRED: IteratorLost()}.get(code(error), error)


def _keep_wire_form(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Mapping[str, object]
) -> None:
    if response_dict["status_code"] != 200:  # noqa: PLR2004
        return
    body = json.loads(response_dict["body"])
    customized_response_dict["Records"] = body.pop("Records", [])
    response_dict["body"] = json.dumps(body).encode()
