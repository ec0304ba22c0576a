"""What a request says beside its body: headers, key, language, the versions it knows, path and query."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote

from pydantic import BaseModel, ValidationError

from soms.kit.invalid import faults_of_query, given_empty, given_too_long, given_twice
from soms.kit.problems import Fault, InvalidParameter, KeyInvalid, NotFound

MOST_NAME = 512
"""Bytes of one part of a path; no name of ours is longer, and longer ones do not fit into a key."""

MOST_VALUE = 1024
"""Characters of one query parameter."""

Event = dict[str, Any]
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_KEY = re.compile(r"[\x21-\x7e]{1,128}")
_WEIGHT = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")
_TAG = re.compile(r'(?:W/)?("[^"]*")')
_TAGS = re.compile(rf"{_TAG.pattern}(?:[ \t]*,[ \t]*{_TAG.pattern})*")
_VERSION = re.compile(r'"([0-9]{1,15})(?:\.[0-9]{1,15})?"')


def header(event: Event, name: str) -> str | None:
    """Return a header by its lower-case name; one that was sent in several lines is one list."""
    several: Mapping[str, Sequence[str]] = event.get("multiValueHeaders") or {
        one: [value] for one, value in (event.get("headers") or {}).items() if value is not None
    }
    for one, values in several.items():
        if one.lower() == name and values:
            return ", ".join(values).strip(" \t")
    return None


def request_id(event: Event) -> str:
    """Return the client's own id of the request if it is one, or else the gateway's."""
    given = header(event, "x-request-id") or ""
    if _ID.fullmatch(given):
        return given
    return str((event.get("requestContext") or {}).get("requestId") or "")


def language(event: Event) -> str:
    """Return `zh` or `en`, whichever Accept-Language prefers (RFC 9110, 12.5.4)."""
    weights: dict[str, float] = {}
    for part in (header(event, "accept-language") or "").lower().split(","):
        tag, *parameters = (one.strip() for one in part.split(";"))
        weight = next((one.removeprefix("q=") for one in parameters if one.startswith("q=")), "1")
        if _WEIGHT.fullmatch(weight):
            primary = tag.split("-")[0]
            weights[primary] = max(float(weight), weights.get(primary, 0.0))
    others = weights.get("*", 0.0)
    return "zh" if weights.get("zh", others) > weights.get("en", others) else "en"


def key(event: Event) -> str | None:
    """Return the Idempotency-Key without its quotes, None if there is none, or raise KeyInvalid."""
    given = header(event, "idempotency-key")
    if given is None:
        return None
    bare = given[1:-1] if len(given) > 1 and given[0] == given[-1] == '"' else given
    if not _KEY.fullmatch(bare):
        raise KeyInvalid
    return bare


def version(match: str | None) -> int | None:
    """Return the version that If-Match names: None for any, the newest of a list, -1 for what is no version.

    Only versions count, so a tag that was made weak on its way (by compression) is as good as a strong one.
    """
    if match is None or match == "*":
        return None
    tags = _TAG.findall(match) if _TAGS.fullmatch(match) else []
    versions = [int(found[1]) for tag in tags if (found := _VERSION.fullmatch(tag))]
    return max(versions, default=-1)


def knows(event: Event, etag: str) -> bool:
    """Tell whether If-None-Match names this entity tag, by the weak comparison (RFC 9110, 8.8.3.2)."""
    known = header(event, "if-none-match") or ""
    return known == "*" or (bool(_TAGS.fullmatch(known)) and etag in _TAG.findall(known))


def path(event: Event) -> str:
    """Return the path in the one form that all its spellings share."""
    parts = str(event.get("path")).rstrip("/").split("/")
    return "/".join(quote(unquote(part), safe="") for part in parts)


def name(part: str) -> str:
    """Return the name that a part of the path spells, or raise NotFound for one that nothing can have."""
    spelled = unquote(part)
    if len(spelled.encode()) > MOST_NAME:
        raise NotFound
    return spelled


def query(model: type[BaseModel], event: Event) -> BaseModel:
    """Return the query as the model has it, or raise InvalidParameter naming every wrong parameter."""
    given: Mapping[str, Sequence[str]] = event.get("multiValueQueryStringParameters") or {
        one: [value] for one, value in (event.get("queryStringParameters") or {}).items()
    }
    faults: list[Fault] = []
    try:
        found = model.model_validate({one: values[-1] for one, values in given.items()})
    except ValidationError as error:
        faults += faults_of_query(error)
    named = {fault.parameter for fault in faults}
    faults += [fault for one in sorted(given.keys() - named) if (fault := _fault(one, given[one]))]
    if faults:
        raise InvalidParameter(faults=faults)
    return found


def _fault(parameter: str, values: Sequence[str]) -> Fault | None:
    """Return what no parameter may be: given twice, empty, or longer than what a table is asked for."""
    if len(values) > 1:
        return given_twice(parameter)
    if not values[0]:
        return given_empty(parameter)
    return given_too_long(parameter, MOST_VALUE) if len(values[0]) > MOST_VALUE else None
