"""AWS clients, made once and when first needed, and the calls that every store makes with them."""

import random
import time
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, TypeVar, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from soms.kit import items, settings
from soms.kit.problems import Unavailable
from soms.kit.settings import Setting

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient

Answer = TypeVar("Answer")

FIRST_PAUSE = 0.025
LONGEST_PAUSE = 0.8
ATTEMPTS = 8
BATCH = 100
TRANSIENT = frozenset(
    {
        "ThrottlingException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "TransactionInProgressException",
        "InternalServerError",
        "InternalFailure",
        "ServiceUnavailable",
        "SlowDown",
    }
)

# One attempt in the SDK: what is tried again, and for how long, is decided here alone.
_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 1},
    connect_timeout=2,
    read_timeout=8,
    tcp_keepalive=True,
    parameter_validation=False,
)


@cache
def dynamodb() -> "DynamoDBClient":
    """Return the DynamoDB client."""
    return boto3.client("dynamodb", config=_CONFIG)


@cache
def s3() -> "S3Client":
    """Return the S3 client; it signs URLs with version 4 and addresses buckets by path."""
    retries = Config(
        retries={"mode": "standard", "total_max_attempts": 4},
        signature_version="s3v4",
        s3={"addressing_style": "path"},
    )
    return boto3.client("s3", config=retries)


@cache
def sns() -> "SNSClient":
    """Return the SNS client."""
    return boto3.client("sns", config=Config(retries={"mode": "standard", "total_max_attempts": 4}))


@cache
def functions() -> "LambdaClient":
    """Return the client that invokes functions; it waits as long as a function may run."""
    config = Config(retries={"mode": "standard", "total_max_attempts": 1}, read_timeout=900)
    return boto3.client("lambda", config=config)


def pause(attempt: int) -> float:
    """Return how long to wait before attempt `attempt` + 1, in seconds: full jitter, doubling, bounded."""
    return random.uniform(0, min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt))  # noqa: S311 not a secret


def code_of(error: Exception) -> str:
    """Return the error code of an AWS refusal, or an empty text for anything else."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", ""))
    return ""


def is_transient(error: Exception) -> bool:
    """Tell whether a call may succeed when made again: throttling, faults of the service or the line."""
    if isinstance(error, ClientError):
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        return code_of(error) in TRANSIENT or status >= 500  # noqa: PLR2004 any fault of the service
    return isinstance(error, BotoCoreError)


def read(call: Callable[[], Answer]) -> Answer:
    """Make a call that changes nothing, again after a passing fault; raise Unavailable when it stays."""
    for attempt in range(ATTEMPTS):
        try:
            return call()
        except (ClientError, BotoCoreError) as error:
            if not is_transient(error):
                raise
            time.sleep(pause(attempt))
    raise Unavailable


def get(table: Setting, key: Mapping[str, object], *, consistent: bool = False) -> items.Item | None:
    """Return one item, or None."""
    answer = read(
        lambda: dynamodb().get_item(
            TableName=settings.get(table), Key=items.encode(key), ConsistentRead=consistent
        )
    )
    return items.decode(answer["Item"]) if "Item" in answer else None


def get_many(
    keys: Iterable[tuple[Setting, Mapping[str, object]]], *, consistent: bool = False
) -> list[items.Item | None]:
    """Return the items of many keys of several tables, in the order asked, None where there is none."""
    wanted = list(keys)
    found: dict[tuple[str, frozenset[tuple[str, object]]], items.Item] = {}
    distinct = {(settings.get(table), frozenset(key.items())): None for table, key in wanted}
    remaining = [(name, dict(key)) for name, key in distinct]
    names = {name: sorted(key) for name, key in remaining}
    for start in range(0, len(remaining), BATCH):
        for name, item in _get_batch(remaining[start : start + BATCH], consistent=consistent):
            found[name, frozenset((part, item[part]) for part in names[name])] = item
    return [found.get((settings.get(table), frozenset(key.items()))) for table, key in wanted]


def _get_batch(
    keys: list[tuple[str, dict[str, object]]], *, consistent: bool
) -> Iterable[tuple[str, items.Item]]:
    request: dict[str, dict[str, object]] = {}
    for name, key in keys:
        entry = request.setdefault(name, {"Keys": [], "ConsistentRead": consistent})
        entry["Keys"].append(items.encode(key))  # type: ignore[attr-defined] # a list, made one line above
    for attempt in range(ATTEMPTS):
        asked = dict(request)
        # Bound as a default, so that the loop cannot change it; mypy cannot type such a lambda.
        answer = read(lambda asked=asked: dynamodb().batch_get_item(RequestItems=asked))  # type: ignore[misc]
        for name, rows in answer["Responses"].items():
            for row in rows:
                yield name, items.decode(row)
        request = cast("dict[str, dict[str, object]]", answer.get("UnprocessedKeys") or {})
        if not request:
            return
        time.sleep(pause(attempt))
    raise Unavailable


def query(
    table: Setting,
    condition: str,
    values: Mapping[str, object],
    *,
    names: Mapping[str, str] | None = None,
    index: str | None = None,
    limit: int | None = None,
    newest_first: bool = False,
    consistent: bool = False,
) -> Iterable[items.Item]:
    """Yield the items of a key condition in key order, page after page as they are needed."""
    request: dict[str, object] = {
        "TableName": settings.get(table),
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": items.encode(values),
        "ScanIndexForward": not newest_first,
        "ConsistentRead": consistent,
    }
    if names:
        request["ExpressionAttributeNames"] = dict(names)
    if index:
        request["IndexName"] = index
    if limit:
        request["Limit"] = limit
    while True:
        asked = dict(request)
        # Bound as a default, so that the loop cannot change it; mypy cannot type such a lambda.
        answer = read(lambda asked=asked: dynamodb().query(**asked))  # type: ignore[misc]
        for row in answer["Items"]:
            yield items.decode(row)
        if "LastEvaluatedKey" not in answer:
            return
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
