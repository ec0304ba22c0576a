"""The door of an HTTP function: routes, rights, bodies, versions, replays, and problems in two languages."""

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

from aws_lambda_powertools.event_handler.api_gateway import APIGatewayRestResolver, Response
from pydantic import BaseModel, ValidationError

from soms.kit import access, ids, journal, paging, telemetry, writes
from soms.kit.access import ANYBODY, ROUTES, Caller, Command
from soms.kit.invalid import faults_of_body, faults_of_query
from soms.kit.problems import (
    Invalid,
    InvalidParameter,
    KeyInvalid,
    KeyRequired,
    KeyReused,
    Malformed,
    MethodNotAllowed,
    NotFound,
    PreconditionRequired,
    Problem,
    TooLarge,
    Unauthorized,
    UnsupportedMedia,
)
from soms.kit.streams import Context

MOST_BODY = 1024 * 1024
MOST_EXPONENT = 100
SAFE = frozenset({"GET", "HEAD"})
_KEY = re.compile(r"[\x21-\x7e]{1,128}")
_ETAG = re.compile(r'(?:W/)?"(\d+)(?:\.\d+)?"')
Body = BaseModel | Mapping[str, object]
Event = dict[str, Any]
Replay = Callable[[str, Caller], "Answer"]
Route = Callable[..., "Answer"]


class PublicQuery(BaseModel):
    """No query parameter at all."""

    model_config = {"extra": "forbid"}


@dataclass(frozen=True)
class Answer:
    """What a route answers; `version` and `settled` become the ETag."""

    body: Body
    status: int = 200
    version: int | None = None
    settled: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def etag(self) -> str | None:
        """Return the entity tag, or None for what has no version."""
        return None if self.version is None else f'"{self.version}.{self.settled}"'


def replayed(answer: Answer) -> Answer:
    """Mark an answer as the outcome of an earlier request."""
    return replace(answer, headers={**answer.headers, "Idempotency-Replayed": "true"})


def page(page: paging.Page, rows: Iterable[Mapping[str, object]], scope: str) -> Answer:
    """Answer one page of a list with the cursor of the next."""
    return Answer({"data": list(rows), "next_cursor": paging.cursor(page.next_position, scope)})


@dataclass(frozen=True)
class _Route:
    name: str
    call: Route
    body: type[BaseModel] | None
    query: type[BaseModel]
    keyed: bool
    versioned: bool


class Resolver:
    """Routes of one function; every route needs an entry in the access table, or the module does not load."""

    def __init__(self, function: str, replays: Mapping[str, Replay] | None = None) -> None:
        """Serve the routes of `function`; `replays` load a journal entry's resource as it is now."""
        self.function = function
        self.replays = dict(replays or {})
        self.routes: dict[str, _Route] = {}
        self._powertools = APIGatewayRestResolver()
        self._powertools.not_found()(self._unknown)

    def get(self, path: str) -> Callable[[Route], Route]:
        """Serve GET on a path."""
        return self._route("GET", path, keyed=False, versioned=False)

    def post(self, path: str, *, keyed: bool = True) -> Callable[[Route], Route]:
        """Serve POST on a path; it needs an Idempotency-Key unless nothing is changed by it."""
        return self._route("POST", path, keyed=keyed, versioned=False)

    def put(self, path: str) -> Callable[[Route], Route]:
        """Serve PUT on a path."""
        return self._route("PUT", path, keyed=False, versioned=False)

    def patch(self, path: str) -> Callable[[Route], Route]:
        """Serve PATCH on a path; it needs If-Match."""
        return self._route("PATCH", path, keyed=False, versioned=True)

    def _route(self, method: str, path: str, *, keyed: bool, versioned: bool) -> Callable[[Route], Route]:
        name = f"{method} {path}"
        if name not in ROUTES[self.function]:
            message = f"{name} has no entry in the access table of {self.function}"
            raise LookupError(message)

        def register(call: Route) -> Route:
            hints = call.__annotations__
            route = _Route(
                name, call, hints.get("request"), hints.get("query", PublicQuery), keyed, versioned
            )
            self.routes[name] = route
            pattern = re.sub(r"{(\w+)}", r"<\1>", path)
            self._powertools.route(pattern, method)(lambda **path: self._serve(route, path))
            return call

        return register

    def handler(self, event: Event, context: Context) -> dict[str, Any]:
        """Be the Lambda handler: whatever happens, an answer comes back and nothing leaks."""
        started = time.monotonic()
        left = context.get_remaining_time_in_millis() / 1000
        writes.deadline.set(started + left * writes.SHARE_OF_TIME)
        try:
            answer = self._powertools.resolve(event, context)  # type: ignore[arg-type] # Lambda's own context
        except Problem as problem:
            answer = self._refused(problem, event)
        except Exception as error:  # noqa: BLE001 nothing of ours may reach a client as it is
            telemetry.fault("a request failed", error, request=_request_id(event))
            answer = self._refused(Problem(), event)
        telemetry.note(
            "request",
            route=f"{event.get('httpMethod')} {event.get('resource')}",
            status=answer["statusCode"],
            request=_request_id(event),
            ms=round((time.monotonic() - started) * 1000),
        )
        return answer

    def _serve(self, route: _Route, path: Mapping[str, str]) -> Response[str]:
        event: Event = self._powertools.current_event.raw_event
        caller = self._caller(route, event)
        arguments: dict[str, object] = {name: unquote(value) for name, value in path.items()}
        parsed = _json(event) if route.body else None
        if route.name.split(" ")[0] not in SAFE:
            caller = self._commanded(route, event, caller, parsed)
        hints = route.call.__annotations__
        if "caller" in hints:
            arguments["caller"] = caller
        query = _query(route.query, event)
        if "query" in hints:
            arguments["query"] = query
        if route.body:
            arguments["request"] = _body(route.body, parsed)
        return self._told(self._answered(route, arguments, caller), event)

    def _answered(self, route: _Route, arguments: Mapping[str, object], caller: Caller) -> Answer:
        """Run the route; before any refusal is told, ask the journal whether this was done before."""
        try:
            return route.call(**arguments)
        except writes.AlreadyDone as done:
            return self._replayed(done.entry, caller)
        except Problem:
            entry = journal.find(caller.command.entry) if caller.command.entry else None
            if entry is None:
                raise
            return self._replayed(entry, caller)

    def _replayed(self, entry: Mapping[str, object], caller: Caller) -> Answer:
        if entry["request"] != caller.command.request:
            raise KeyReused
        resource = entry["resource"]
        kind, name = map(str, resource) if isinstance(resource, list) else ("", "")
        answer = self.replays[kind](name, caller)
        status = int(str(entry["status"]))
        return replace(replayed(answer), status=status)

    def _caller(self, route: _Route, event: Event) -> Caller:
        request = Command(entry=None, request="", route=route.name)
        context = event.get("requestContext") or {}
        known = Caller(
            principal="",
            name="",
            groups=frozenset(),
            command=request,
            language=_language(event),
            request_id=_request_id(event),
            address=str((context.get("identity") or {}).get("sourceIp") or ""),
        )
        if ROUTES[self.function][route.name] is ANYBODY:
            return known
        claims = (context.get("authorizer") or {}).get("claims") or {}
        if not claims.get("sub") and not claims.get("client_id"):
            raise Unauthorized
        groups = access.groups_of(claims)
        access.admit(self.function, route.name, groups)
        principal = str(claims.get("sub") or claims["client_id"])
        name = str(claims.get("username") or claims.get("client_id") or principal)
        return replace(known, principal=principal, name=name, groups=groups)

    def _commanded(self, route: _Route, event: Event, caller: Caller, body: object) -> Caller:
        key = _header(event, "idempotency-key")
        if key is None and route.keyed:
            raise KeyRequired
        entry = None
        if key is not None:
            bare = key[1:-1] if len(key) > 1 and key[0] == key[-1] == '"' else key
            if not _KEY.fullmatch(bare):
                raise KeyInvalid
            path = str(event.get("path"))
            entry = ids.derived("evt", caller.principal, str(event.get("httpMethod")), path, bare)
        match = _header(event, "if-match")
        if match is None and route.versioned:
            raise PreconditionRequired
        request = ids.digest(_canonical(body))[:32]
        command = Command(entry=entry, request=request, route=route.name)
        return replace(caller, command=command, if_match=_version(match))

    def _told(self, answer: Answer, event: Event) -> Response[str]:
        headers = {"Cache-Control": "no-store", "X-Request-Id": _request_id(event), **answer.headers}
        if answer.etag:
            headers["ETag"] = answer.etag
            if event.get("httpMethod") in SAFE and answer.etag == _header(event, "if-none-match"):
                return Response(status_code=304, body="", headers=dict(headers))
        return Response(answer.status, "application/json; charset=utf-8", _text(answer.body), dict(headers))

    def _refused(self, problem: Problem, event: Event) -> dict[str, Any]:
        language, request_id = _language(event), _request_id(event)
        body = problem.told(language, instance=str(event.get("path", "")), request_id=request_id)
        headers = {
            "Content-Type": "application/problem+json; charset=utf-8",
            "Content-Language": language,
            "Cache-Control": "no-store",
            "X-Request-Id": request_id,
        }
        if problem.retry_after is not None:
            headers["Retry-After"] = str(problem.retry_after)
        if isinstance(problem, MethodNotAllowed):
            headers["Allow"] = ", ".join(problem.allowed)
        return {
            "statusCode": problem.status,
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "body": json.dumps(body, ensure_ascii=False, default=str),
            "isBase64Encoded": False,
        }

    def _unknown(self, _error: Exception) -> Response[str]:
        path = str(self._powertools.current_event.path)
        known = [name.split(" ") for name in self.routes]
        methods = sorted(
            method for method, pattern in known if re.fullmatch(re.sub(r"{\w+}", "[^/]+", pattern), path)
        )
        raise MethodNotAllowed(methods) if methods else NotFound()


def scope(caller: Caller, query: BaseModel) -> str:
    """Return what a cursor is bound to: the list, its filters and who may see what of it."""
    filters = query.model_dump_json(exclude={"cursor", "limit"}, exclude_none=True)
    own = caller.name if caller.sees_only_own() else ""
    return f"{caller.command.route}|{filters}|{own}"


def _header(event: Event, name: str) -> str | None:
    for header, value in (event.get("headers") or {}).items():
        if header.lower() == name and value is not None:
            return str(value).strip()
    return None


def _request_id(event: Event) -> str:
    given = _header(event, "x-request-id") or ""
    if re.fullmatch(r"[A-Za-z0-9._-]{1,64}", given):
        return given
    return str((event.get("requestContext") or {}).get("requestId") or "")


def _language(event: Event) -> str:
    weights: dict[str, float] = {}
    for part in (_header(event, "accept-language") or "").split(","):
        tag, _, weight = part.strip().partition(";q=")
        primary = tag.split("-")[0].lower()
        try:
            weights.setdefault(primary, float(weight or 1))
        except ValueError:
            continue
    return "zh" if weights.get("zh", 0) > weights.get("en", 0) else "en"


def _version(match: str | None) -> int | None:
    if match is None or match == "*":
        return None
    found = _ETAG.fullmatch(match)
    return int(found[1]) if found else -1


def _json(event: Event) -> object:
    """Read the body exactly: numbers with a point become Decimal, NaN and Infinity are refused."""
    kind = (_header(event, "content-type") or "application/json").split(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise UnsupportedMedia
    raw: object = event.get("body")
    if raw is None:
        return None
    if event.get("isBase64Encoded"):
        from base64 import b64decode  # noqa: PLC0415 rare

        raw = b64decode(str(raw))
    size = len(raw) if isinstance(raw, bytes) else len(str(raw).encode(errors="surrogatepass"))
    if size > MOST_BODY:
        raise TooLarge
    try:
        text = raw.decode() if isinstance(raw, bytes) else str(raw)
        return json.loads(text, parse_float=_number, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Malformed from None


def _number(text: str) -> Decimal:
    """Read a number with a point or an exponent; one that would take megabytes to write out is refused."""
    value = Decimal(text) if abs(int(text.lower().partition("e")[2] or 0)) <= MOST_EXPONENT else None
    if value is None:
        raise ValueError(text)
    return value


def _no_number(name: str) -> object:
    raise ValueError(name)


def _body(model: type[BaseModel], parsed: object) -> BaseModel:
    try:
        return model.model_validate({} if parsed is None else parsed)
    except ValidationError as error:
        raise Invalid(*faults_of_body(error)) from None


def _query(model: type[BaseModel], event: Event) -> BaseModel:
    given: Mapping[str, Sequence[str]] = event.get("multiValueQueryStringParameters") or {}
    single = {name: values[-1] for name, values in given.items()} or (
        event.get("queryStringParameters") or {}
    )
    try:
        return model.model_validate(single)
    except ValidationError as error:
        problem = InvalidParameter(faults=faults_of_query(error))
        raise problem from None


def _canonical(body: object) -> str:
    def plain(value: object) -> object:
        if isinstance(value, Decimal):
            whole = value == value.to_integral_value()
            return int(value) if whole else format(value.normalize(), "f")
        raise TypeError(value)

    return json.dumps(body, sort_keys=True, separators=(",", ":"), default=plain)


def _text(body: Body) -> str:
    if isinstance(body, BaseModel):
        return body.model_dump_json(by_alias=True)
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value)
