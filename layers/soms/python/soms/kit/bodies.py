"""Bodies in JSON, exactly: numbers as written, each name once, one text for whatever says the same."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ValidationError

from soms.kit import requests
from soms.kit.invalid import faults_of_body
from soms.kit.problems import Invalid, Malformed, TooLarge, UnsupportedMedia

MOST_BODY = 1024 * 1024
MOST_EXPONENT = 100
Body = BaseModel | Mapping[str, object]
_CHARSET = re.compile(r"""charset=["']?([^"';\s]*)""")


def read(event: requests.Event) -> object:
    """Read the body exactly: numbers with a point become Decimal, NaN and Infinity are refused."""
    _require_json(requests.header(event, "content-type"))
    raw: object = event.get("body")
    if raw is None:
        return None
    try:
        content = _decoded(str(raw)) if event.get("isBase64Encoded") else str(raw).encode()
        if len(content) > MOST_BODY:
            raise TooLarge
        return json.loads(
            content.decode(), parse_float=_number, parse_constant=_no_number, object_pairs_hook=_each_once
        )
    except (ValueError, RecursionError):
        raise Malformed from None


def canonical(body: object) -> str:
    """Return one text for all texts of the same JSON: names sorted, 10.0 as 10."""
    try:
        return json.dumps(body, sort_keys=True, separators=(",", ":"), default=_exactly)
    except RecursionError:
        raise Malformed from None


def validated(model: type[BaseModel], parsed: object) -> BaseModel:
    """Return the body as the model has it, or refuse it naming every field that is wrong."""
    try:
        return model.model_validate({} if parsed is None else parsed)
    except ValidationError as error:
        raise Invalid(*faults_of_body(error)) from None


def text(body: Body) -> str:
    """Write the body of an answer; decimals become texts."""
    if isinstance(body, BaseModel):
        return body.model_dump_json(by_alias=True)
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _require_json(declared: str | None) -> None:
    kind, _, parameters = (declared or "application/json").lower().partition(";")
    charset = _CHARSET.search(parameters)
    if kind.strip() != "application/json" and not kind.strip().endswith("+json"):
        raise UnsupportedMedia
    if charset and charset[1] not in {"utf-8", "utf8", "us-ascii"}:
        raise UnsupportedMedia


def _decoded(raw: str) -> bytes:
    from base64 import b64decode  # noqa: PLC0415 rare

    return b64decode(raw, validate=True)


def _number(text: str) -> Decimal:
    """Read a number with a point or an exponent; one that would take megabytes to write out is refused."""
    value = Decimal(text) if abs(int(text.lower().partition("e")[2] or 0)) <= MOST_EXPONENT else None
    if value is None:
        raise ValueError(text)
    return value


def _no_number(name: str) -> object:
    raise ValueError(name)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        # Readers differ in which of the two counts, so neither does.
        raise Malformed(detail=("A name stands twice in the same object.", "同一对象中有重复的字段名。"))
    return found


def _exactly(value: object) -> object:
    if isinstance(value, Decimal):
        written = format(value, "f")
        shortest = written.rstrip("0").rstrip(".") if "." in written else written
        return int(value) if "." not in shortest else shortest
    raise TypeError(value)


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value)
