"""Signed cursors, and pages read across the shards of an index."""

import base64
import hashlib
import heapq
import hmac
import json
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from botocore.exceptions import ClientError

from soms.kit import aws, items, settings
from soms.kit.problems import CursorInvalid
from soms.kit.settings import Setting

SIGNATURE = 16
MOST = 100
USUAL = 25
_KEY = {"pk": "cursor-key", "sk": "cursor-key"}


@dataclass(frozen=True)
class Page:
    """One page of a list: its rows and where the next one begins."""

    rows: Sequence[items.Item]
    next_position: str | None


@cache
def _secret() -> bytes:
    """Return the key that signs cursors: kept in the catalog table, made by whoever needs it first."""
    held = aws.get(Setting.CATALOG, _KEY, consistent=True)
    if held is None:
        fresh = items.encode({**_KEY, "secret": secrets.token_hex(32)})
        try:
            aws.dynamodb().put_item(
                TableName=settings.get(Setting.CATALOG),
                Item=fresh,
                ConditionExpression="attribute_not_exists(pk)",
            )
        except ClientError as error:
            if aws.code_of(error) != "ConditionalCheckFailedException":
                raise
        held = aws.get(Setting.CATALOG, _KEY, consistent=True) or {}
    return bytes.fromhex(str(held["secret"]))


def cursor(position: str | None, scope: str) -> str | None:
    """Sign a position for the list and filters that `scope` names."""
    if position is None:
        return None
    body = json.dumps(position).encode()
    return base64.urlsafe_b64encode(_signature(body, scope) + body).decode().rstrip("=")


def position(text: str | None, scope: str) -> str | None:
    """Return the position a cursor holds; raise CursorInvalid unless we signed it for this very list."""
    if text is None:
        return None
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise CursorInvalid from None
    signature, body = raw[:SIGNATURE], raw[SIGNATURE:]
    if not body or not hmac.compare_digest(signature, _signature(body, scope)):
        raise CursorInvalid
    return str(json.loads(body))


def _signature(body: bytes, scope: str) -> bytes:
    return hmac.new(_secret(), body + scope.encode(), hashlib.sha256).digest()[:SIGNATURE]


def merged(
    shards: Sequence[Callable[[], Iterable[items.Item]]], key: str, limit: int, *, newest_first: bool = True
) -> Page:
    """Merge the shards of an index, each in the order of `key`, into one page of `limit` rows."""
    rows = heapq.merge(*(shard() for shard in shards), key=lambda row: str(row[key]), reverse=newest_first)
    page: list[items.Item] = []
    for row in rows:
        if len(page) == limit:
            return Page(page, str(page[-1][key]))
        page.append(row)
    return Page(page, None)


def listed(
    table: Setting,
    index: str,
    shards: Sequence[str],
    *,
    partition: str,
    key: str,
    limit: int,
    after: str | None,
    between: tuple[str, str] | None = None,
    newest_first: bool = True,
) -> Page:
    """Read one page of an index: one query a shard, `after` a position, within `between` when given."""
    low, high = between or ("", "\uffff")
    if after is not None:
        low, high = (low, after) if newest_first else (after, high)
    values = {":low": low or " ", ":high": high}
    condition = f"{partition} = :shard AND {key} BETWEEN :low AND :high"

    def shard(name: str) -> Callable[[], Iterable[items.Item]]:
        def rows() -> Iterable[items.Item]:
            found = aws.query(
                table,
                condition,
                {":shard": name, **values},
                index=index,
                limit=limit + 2,
                newest_first=newest_first,
            )
            return (row for row in found if row[key] != after)

        return rows

    return merged([shard(name) for name in shards], key, limit, newest_first=newest_first)
