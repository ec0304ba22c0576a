"""The files of documents and papers: write-once objects in S3, each with a record of its hash beside it."""

import base64
import hashlib
from pathlib import PurePosixPath
from typing import Final, Literal
from urllib.parse import quote

from botocore.exceptions import ClientError

from soms.billing.model import Document, File
from soms.billing.paper.printed import Paper
from soms.kit import aws, items, settings
from soms.kit.settings import Setting

Format = Literal["pdf", "xml"]

LONGEST_URL: Final = 300
_TYPES: Final[dict[str, str]] = {
    "pdf": "application/pdf",
    "xml": "application/xml",
    "csv": "text/csv",
    "ofd": "application/ofd",
}
_TAKEN: Final = {"PreconditionFailed", "ConditionalCheckFailedException"}


class FileDiffers(RuntimeError):
    """Another file of this document was stored before; it is kept for ever and must not be replaced."""


def store(document: Document | Paper, form: Format, content: bytes) -> File:
    """Keep a rendered file; the same one again changes nothing, another one raises FileDiffers."""
    file = File(
        format=form,
        key=key(document, form),
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
    )
    _put_object(document, file, content)
    _put_record(document.id, file)
    return file


def find(document_id: str, form: Format) -> File | None:
    """Return the file of a document in a format, or None while it is not rendered."""
    found = aws.get(Setting.DOCUMENTS, {"id": document_id, "part": form}, consistent=True)
    return File.model_validate(found) if found else None


def key(document: Document | Paper, form: Format) -> str:
    """Return where a file lies, by series or kind, and month of issue; finance looks there without us."""
    if isinstance(document, Paper):
        return f"papers/{document.kind}/{document.issued_on:%Y/%m}/{document.number}.{form}"
    return f"invoices/{document.series}/{document.issued_on:%Y/%m}/{document.number}.{form}"


def presigned(file: File, *, seconds: int = LONGEST_URL) -> str:
    """Return a URL that downloads the file for so many seconds, at most 300; it needs no further right."""
    if not 0 < seconds <= LONGEST_URL:
        message = f"a link lives for 1 to {LONGEST_URL} seconds"
        raise ValueError(message)
    name = quote(PurePosixPath(file.key).name)
    return aws.s3().generate_presigned_url(
        "get_object",
        Params={
            "Bucket": settings.get(Setting.DOCUMENTS_BUCKET),
            "Key": file.key,
            "ResponseContentType": _TYPES[file.format],
            "ResponseContentDisposition": f'attachment; filename="{name}"',
        },
        ExpiresIn=seconds,
    )


def put(owner_id: str, file: File, content: bytes) -> bool:
    """Keep an object for ever under its key; return False where something is kept there already."""
    try:
        aws.s3().put_object(
            Bucket=settings.get(Setting.DOCUMENTS_BUCKET),
            Key=file.key,
            Body=content,
            ContentType=_TYPES[file.format],
            ChecksumSHA256=base64.b64encode(bytes.fromhex(file.sha256)).decode(),
            Metadata={"document": owner_id, "sha256": file.sha256},
            IfNoneMatch="*",
        )
    except ClientError as error:
        if aws.code_of(error) not in _TAKEN:
            raise
        return False
    return True


def read(file: File) -> bytes:
    """Return what is kept under a file's key."""
    held = aws.s3().get_object(Bucket=settings.get(Setting.DOCUMENTS_BUCKET), Key=file.key)
    return held["Body"].read()


def _put_object(document: Document | Paper, file: File, content: bytes) -> None:
    if not put(document.id, file, content) and hashlib.sha256(read(file)).hexdigest() != file.sha256:
        message = f"{file.key} holds other bytes"
        raise FileDiffers(message)


def _put_record(document_id: str, file: File) -> None:
    record = {"id": document_id, "part": file.format, **file.model_dump()}
    try:
        aws.dynamodb().put_item(
            TableName=settings.get(Setting.DOCUMENTS),
            Item=items.encode(record),
            ConditionExpression="attribute_not_exists(id)",
        )
    except ClientError as error:
        if aws.code_of(error) not in _TAKEN:
            raise
        if aws.get(Setting.DOCUMENTS, {"id": document_id, "part": file.format}, consistent=True) != record:
            message = f"the record of {file.key} says something else"
            raise FileDiffers(message) from error
