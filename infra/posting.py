"""A file is sent with a form that S3 gave for it, as a browser would."""

import http.client
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class Sent:
    """What S3 said to it."""

    status: int
    reason: str


def post(form: Mapping[str, Any], content: bytes, name: str) -> Sent:
    """Upload a file; the form names the place and carries the permission."""
    border = uuid.uuid4().hex
    parts = [_part(border, f'name="{field}"', str(value).encode()) for field, value in form["fields"].items()]
    # S3 reads nothing behind the file.
    plain = name.replace('"', "").encode("ascii", "replace").decode()
    parts.append(_part(border, f'name="file"; filename="{plain}"', content))
    body = b"".join([*parts, f"--{border}--\r\n".encode()])
    where = urlsplit(str(form["url"]))
    kind = http.client.HTTPSConnection if where.scheme == "https" else http.client.HTTPConnection
    line = kind(where.hostname or "", where.port, timeout=PATIENCE_SECONDS)
    headers = {"Content-Type": f"multipart/form-data; boundary={border}"}
    try:
        line.request("POST", where.path or "/", body, headers)
        answer = line.getresponse()
        return Sent(answer.status, f"{answer.reason} {answer.read().decode(errors='replace')[:300]}".strip())
    finally:
        line.close()


def _part(border: str, disposition: str, content: bytes) -> bytes:
    return f"--{border}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n".encode() + content + b"\r\n"
