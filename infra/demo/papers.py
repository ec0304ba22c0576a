"""Where the invoices lie: one is fetched as PDF and XML, checked against its hash, and kept to be opened."""

import hashlib
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from infra.demo.crew import Crew, Unexpected
from infra.demo.proof import Sheet

FORMATS = {"pdf": b"%PDF-", "xml": b"<?xml"}
LOOKS = 30
FETCH_SECONDS = 30


@dataclass(frozen=True)
class Paper:
    """One file of an invoice as it was fetched."""

    place: str
    content: bytes
    is_whole: bool


def show(sheet: Sheet, crew: Crew, invoice: dict[str, object], folder: Path) -> list[Path]:
    """Fetch both files of an invoice, claim that they are what was issued, and save them."""
    number, saved = str(invoice["number"]), []
    folder.mkdir(parents=True, exist_ok=True)
    for kind, beginning in FORMATS.items():
        paper = _fetched(crew, str(invoice["id"]), kind)
        sheet.claim(
            paper.is_whole and paper.content.startswith(beginning),
            f"invoice {number} as {kind.upper()} has the hash that was issued",
            f"发票 {kind.upper()} 与存证哈希一致",
            f"{paper.place}  {len(paper.content):,} bytes",
        )
        file = folder / f"{number}.{kind}"
        file.write_bytes(paper.content)
        saved.append(file)
    return saved


def _fetched(crew: Crew, invoice_id: str, kind: str) -> Paper:
    told = _document(crew, invoice_id, kind)
    url = str(told["url"])
    with urllib.request.urlopen(url, timeout=FETCH_SECONDS) as answer:  # noqa: S310 our own presigned URL
        content: bytes = answer.read()
    whole = hashlib.sha256(content).hexdigest() == told["sha256"] and len(content) == told["bytes"]
    return Paper(_place(url), content, whole)


def _document(crew: Crew, invoice_id: str, kind: str) -> dict[str, object]:
    path = f"/invoices/{invoice_id}/document?format={kind}"
    for _ in range(LOOKS):
        answer = crew.caller.call("GET", path, as_="finance")
        if answer.code != "document_pending":
            break
        time.sleep(float(answer.headers.get("retry-after", "1")))
    if not answer.is_good:
        message = f"{path}: {answer.status} {answer.code}"
        raise Unexpected(message)
    return answer.body


def _place(url: str) -> str:
    """Return s3://bucket/key of a presigned URL, whichever way it names the bucket."""
    parts = urlsplit(url)
    host = (parts.hostname or "").partition(".s3.")
    path = unquote(parts.path).lstrip("/")
    return f"s3://{host[0]}/{path}" if host[1] else f"s3://{path}"
