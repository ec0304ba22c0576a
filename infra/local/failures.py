"""Records that were given up, as Lambda hands them to an on-failure destination."""

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError
from mypy_boto3_s3 import S3Client

from infra.local.lane import Discarded, payload
from infra.local.mapping import Mapping

BUCKET_ARN = "arn:aws:s3:::"


def invocation_record(mapping: Mapping, shard: str, gone: Discarded, *, now: datetime) -> dict[str, object]:
    """Return the document that S3 gets, with the whole event as an escaped JSON string."""
    answer = gone.answer
    response = {
        "statusCode": 200,
        "executedVersion": answer.version if answer else "$LATEST",
        "functionError": answer.error if answer else None,
    }
    return {
        "requestContext": {
            "requestId": answer.request_id if answer and answer.request_id else str(uuid.uuid4()),
            "functionArn": mapping.function,
            "condition": gone.condition,
            "approximateInvokeCount": gone.invocations,
        },
        "responseContext": {key: value for key, value in response.items() if value is not None},
        "version": "1.0",
        "timestamp": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "DDBStreamBatchInfo": {
            "shardId": shard,
            "startSequenceNumber": gone.records[0].sequence,
            "endSequenceNumber": gone.records[-1].sequence,
            "approximateArrivalOfFirstRecord": _instant(gone.records[0].created),
            "approximateArrivalOfLastRecord": _instant(gone.records[-1].created),
            "batchSize": len(gone.records),
            "streamArn": mapping.stream,
        },
        "payload": payload(gone.records).decode(),
    }


def object_key(mapping: Mapping, shard: str, *, now: datetime, unique: str) -> str:
    """Return the key under which AWS documents the object."""
    return f"aws/lambda/{mapping.uuid}/{shard}/{now:%Y/%m/%d}/{now:%Y-%m-%dT%H.%M.%S}-{unique}"


class FailureBucket:
    """Where the discarded records of one mapping go."""

    def __init__(self, mapping: Mapping, s3: S3Client, log: Callable[[str], None]) -> None:
        """Take the destination from the mapping; only S3 keeps whole records, so only S3 is served."""
        self._mapping = mapping
        self._s3 = s3
        self._log = log

    def keep(self, shard: str, gone: Discarded) -> None:
        """Store given-up records, or say that they are lost: the stream goes on in either case, as on AWS."""
        what = f"{self._mapping.name}: {len(gone.records)} records given up ({gone.condition})"
        bucket = (self._mapping.destination or "").removeprefix(BUCKET_ARN)
        if not bucket or bucket == self._mapping.destination:
            self._log(f"{what}; the mapping has no bucket for them")
            return
        now = datetime.now(UTC)
        key = object_key(self._mapping, shard, now=now, unique=str(uuid.uuid4()))
        body = json.dumps(invocation_record(self._mapping, shard, gone, now=now)).encode()
        try:
            self._s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")
        except (ClientError, BotoCoreError) as error:
            self._log(f"{what}; they could not be kept: {type(error).__name__}")
        else:
            self._log(f"{what}; kept as s3://{bucket}/{key}")


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
