"""Imports in the jobs table, their files in the bucket of uploads, and the functions that work on them."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from soms.kit import aws, items, paging, settings
from soms.kit.problems import NotFound, Unavailable
from soms.kit.settings import Setting
from soms.kit.writes import Held, Rank, Stale, Writes
from soms.transfers.model import Import, KindName, RowError

if TYPE_CHECKING:
    from botocore.response import StreamingBody

FORM_SECONDS: Final = 300
LINK_SECONDS: Final = 300
SAMPLE_BYTES: Final = 128 * 1024
_GONE = frozenset({"NoSuchKey", "AccessDenied", "404", "403"})
"""Without the right to list, a file that is not there looks like one that may not be read."""
_ROW: Final = "row#"


class Gone(Exception):
    """A file is not kept any longer."""


def key(import_id: str) -> dict[str, object]:
    """Return where a job lies."""
    return {"pk": import_id, "sk": "import"}


def find(import_id: str) -> Import | None:
    """Return a job as it stands now, or None."""
    held = aws.get(Setting.JOBS, key(import_id), consistent=True)
    return Import.model_validate(held) if held else None


def get(import_id: str) -> Import:
    """Return a job as it stands now, or raise NotFound."""
    found = find(import_id)
    if found is None:
        raise NotFound
    return found


def put(writes: Writes, after: Import, *, before: Import | None) -> None:
    """Write a job over what was read."""
    item = after.model_dump(mode="json", exclude_none=True)
    lists = {"listing": f"import#{after.kind}", "listed_key": f"{after.created_at}#{after.id[-8:]}"}
    writes.put(
        Setting.JOBS,
        item | key(after.id) | lists,
        condition="#version = :version AND settled = :settled" if before else "attribute_not_exists(pk)",
        names={"#version": "version"} if before else None,
        values={":version": before.version, ":settled": before.settled} if before else None,
        refused=_stale,
        rank=Rank.STATE,
    )


def move(before: Import, wrong: Sequence[RowError] = (), **changed: object) -> Import:
    """Change what the work on a job changes, with the errors of its rows; raise Stale if it moved meanwhile.

    The answer to a write may be lost; then what is there is what was to be written.
    """
    after = before.model_copy(update=changed | {"settled": before.settled + 1})
    writes = Writes()
    written = after.model_dump(mode="json")

    def refused(held: Held) -> Exception:
        return _Written() if held and Import.model_validate(held) == after else Stale()

    names = [name for name in (*changed, "settled") if written[name] is not None]
    gone = [name for name in changed if written[name] is None]
    expression = "SET " + ", ".join(f"#{name} = :{name}" for name in names)
    writes.update(
        Setting.JOBS,
        key(before.id),
        expression + (" REMOVE " + ", ".join(f"#{name}" for name in gone) if gone else ""),
        values={f":{name}": written[name] for name in names}
        | {":run": before.run, ":was": before.settled, ":version": before.version},
        condition="#run = :run AND #settled = :was AND #version = :version",
        names={f"#{name}": name for name in (*names, *gone, "run", "version")},
        refused=refused,
        rank=Rank.STATE,
    )
    for error in wrong:
        row = {"pk": before.id, "sk": f"{_ROW}{error.row:09d}", **error.model_dump(mode="json")}
        writes.put(Setting.JOBS, row)
    with suppress(_Written):
        writes.commit()
    return after


def row_errors(import_id: str) -> dict[int, RowError]:
    """Return what was wrong with rows when they were applied, by their numbers."""
    rows = aws.query(
        Setting.JOBS,
        "pk = :pk AND begins_with(sk, :row)",
        {":pk": import_id, ":row": _ROW},
        consistent=True,
    )
    return {int(str(row["row"])): RowError.model_validate(row) for row in rows}


def listed(kinds: Iterable[KindName], *, limit: int, after: str | None) -> paging.Page:
    """Return one page of the imports of these kinds, newest first."""
    return paging.listed(
        Setting.JOBS,
        "by_listing",
        [f"import#{kind}" for kind in kinds],
        partition="listing",
        key="listed_key",
        limit=limit,
        after=after,
    )


def upload_key(import_id: str) -> str:
    """Return where a file is uploaded to; only its job's form can."""
    return f"imports/{import_id}/upload"


def lines_key(import_id: str, digest: str) -> str:
    """Return where the rows of a file are kept, beside it; another file has other rows elsewhere."""
    return f"imports/{import_id}/lines-{digest[:16]}.jsonl"


def errors_key(import_id: str) -> str:
    """Return where the errors of a job are kept."""
    return f"imports/{import_id}/errors.csv"


def form(import_id: str, most_bytes: int) -> dict[str, object]:
    """Return a form with which one file of at most so many bytes can be uploaded within five minutes."""
    post = aws.s3().generate_presigned_post(
        Bucket=settings.get(Setting.UPLOADS_BUCKET),
        Key=upload_key(import_id),
        Conditions=[["content-length-range", 1, most_bytes]],
        ExpiresIn=FORM_SECONDS,
    )
    return {"url": post["url"], "fields": post["fields"]}


def link(object_key: str, name: str) -> str:
    """Return a URL that downloads a file of a job under a name."""
    return aws.s3().generate_presigned_url(
        "get_object",
        Params={
            "Bucket": settings.get(Setting.UPLOADS_BUCKET),
            "Key": object_key,
            "ResponseContentType": "text/csv; charset=utf-8",
            "ResponseContentDisposition": f'attachment; filename="{name}"',
        },
        ExpiresIn=LINK_SECONDS,
    )


def content(object_key: str, most_bytes: int) -> bytes | None:
    """Return at most so many bytes and one more of an object, or None if it is not there."""
    body = _opened(object_key)
    return body.read(most_bytes + 1) if body else None


def beginning(object_key: str) -> bytes:
    """Return the beginning of an object, or nothing if it is not there any more."""
    return content(object_key, SAMPLE_BYTES) or b""


def lines(object_key: str) -> Iterator[bytes]:
    """Yield the lines of an object, or raise Gone."""
    body = _opened(object_key)
    if body is None:
        raise Gone(object_key)
    # All at once: nobody knows how long a connection lasts that is read from now and then.
    return iter(body.read().splitlines())


def put_object(object_key: str, body: bytes, content_type: str) -> None:
    """Keep an object; the same one again changes nothing."""
    aws.s3().put_object(
        Bucket=settings.get(Setting.UPLOADS_BUCKET), Key=object_key, Body=body, ContentType=content_type
    )


def start(function: str, event: Mapping[str, object]) -> None:
    """Let a function begin in the background, or raise Unavailable when it cannot be told."""
    try:
        aws.functions().invoke(
            FunctionName=function, InvocationType="Event", Payload=json.dumps(event).encode()
        )
    except (ClientError, BotoCoreError) as error:
        if not aws.is_transient(error) and aws.code_of(error) != "TooManyRequestsException":
            raise
        raise Unavailable from error


def row(listed_row: items.Item) -> Import:
    """Return a job as a list has it."""
    return Import.model_validate(listed_row)


class _Written(Exception):
    """What was to be written is there."""


def _opened(object_key: str) -> "StreamingBody | None":
    try:
        found = aws.s3().get_object(Bucket=settings.get(Setting.UPLOADS_BUCKET), Key=object_key)
    except ClientError as error:
        if aws.code_of(error) not in _GONE:
            raise
        return None
    return found["Body"]


def _stale(_held: Held) -> Exception:
    return Stale()
