"""The files of what was issued: fetched from the platform once, kept for ever."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Final

from soms.billing import files
from soms.billing.fapiao.model import Fapiao, Format
from soms.billing.fapiao.port import TaxPlatform
from soms.billing.model import File
from soms.kit import aws

CHINA: Final = timezone(timedelta(hours=8))


def fetch(fapiao: Fapiao, platform: TaxPlatform) -> Mapping[Format, File]:
    """Return the files of a tax invoice, with those that were missing and that the platform has ready."""
    kept = dict(fapiao.files)
    for form in fapiao.missing:
        content = platform.download(fapiao.number or "", form)
        if content is not None:
            kept[form] = _kept(fapiao, form, content)
    return kept


def key(fapiao: Fapiao, form: Format) -> str:
    """Return where a file lies: by the month of issue in China."""
    month = datetime.fromisoformat(fapiao.issued_at or "").astimezone(CHINA)
    return f"tax-invoices/{month:%Y/%m}/{fapiao.number}.{form}"


def _kept(fapiao: Fapiao, form: Format, content: bytes) -> File:
    """Keep a file, or take what was kept first: platforms may make a file anew for each download."""
    file = _file(fapiao, form, content)
    # To put it again changes nothing: what lies there stays.
    new = aws.read(lambda: files.put(fapiao.id, file, content))
    return file if new else _file(fapiao, form, aws.read(lambda: files.read(file)))


def _file(fapiao: Fapiao, form: Format, content: bytes) -> File:
    sha256 = hashlib.sha256(content).hexdigest()
    return File(format=form, key=key(fapiao, form), sha256=sha256, bytes=len(content))
