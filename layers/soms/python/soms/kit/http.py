"""The door of an HTTP function: routes and rights, replays, answers, and problems in two languages."""

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from aws_lambda_powertools.event_handler.api_gateway import APIGatewayRestResolver, Response
from pydantic import BaseModel

from soms.kit import access, bodies, ids, journal, paging, requests, telemetry, writes
from soms.kit.access import ANYBODY, ROUTES, Caller, Command
from soms.kit.bodies import Body
from soms.kit.problems import (
    KeyRequired,
    KeyReused,
    MethodNotAllowed,
    NotFound,
    PreconditionRequired,
    Problem,
    Unauthorized,
)
from soms.kit.requests import Event
from soms.kit.streams import Context

Replay = Callable[[str, Caller], "Answer"]
Route = Callable[..., "Answer"]
Key = Literal["required", "accepted", "ignored"]


class NoQuery(BaseModel):
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
    key: Key
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
        """Serve GET on a path, and HEAD with it."""
        return self._route("GET", path, key="ignored")

    def post(self, path: str, *, keyed: bool = True) -> Callable[[Route], Route]:
        """Serve POST on a path; it needs an Idempotency-Key unless nothing is changed by it."""
        return self._route("POST", path, key="required" if keyed else "ignored")

    def put(self, path: str) -> Callable[[Route], Route]:
        """Serve PUT on a path."""
        return self._route("PUT", path, key="accepted")

    def patch(self, path: str) -> Callable[[Route], Route]:
        """Serve PATCH on a path; it needs If-Match."""
        return self._route("PATCH", path, key="accepted", versioned=True)

    def _route(
        self, method: str, path: str, *, key: Key, versioned: bool = False
    ) -> Callable[[Route], Route]:
        name = f"{method} {path}"
        if name not in ROUTES[self.function]:
            message = f"{name} has no entry in the access table of {self.function}"
            raise LookupError(message)

        def register(call: Route) -> Route:
            hints = call.__annotations__
            route = _Route(name, call, hints.get("request"), hints.get("query", NoQuery), key, versioned)
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
        bodiless = event.get("httpMethod") == "HEAD"
        asked = {**event, "httpMethod": "GET"} if bodiless else event
        try:
            answer = self._powertools.resolve(asked, context)  # type: ignore[arg-type] # Lambda's own context
        except Problem as problem:
            answer = self._refused(problem, event)
        except Exception as error:  # noqa: BLE001 nothing of ours may reach a client as it is
            telemetry.fault("a request failed", error, request=requests.request_id(event))
            answer = self._refused(Problem(), event)
        telemetry.note(
            "request",
            route=f"{event.get('httpMethod')} {event.get('resource')}",
            status=answer["statusCode"],
            request=requests.request_id(event),
            ms=round((time.monotonic() - started) * 1000),
        )
        return {**answer, "body": ""} if bodiless else answer

    def _serve(self, route: _Route, path: Mapping[str, str]) -> Response[str]:
        event: Event = self._powertools.current_event.raw_event
        caller = self._caller(route, event)
        names: dict[str, object] = {name: requests.name(part) for name, part in path.items()}
        parsed = bodies.read(event) if route.body else None
        if not route.name.startswith("GET "):
            caller = self._commanded(route, event, caller, parsed)

        def run() -> Answer:
            query = requests.query(route.query, event)
            offered = {"caller": caller, "query": query}
            hints = route.call.__annotations__
            arguments = names | {name: value for name, value in offered.items() if name in hints}
            if route.body:
                arguments["request"] = bodies.validated(route.body, parsed)
            return route.call(**arguments)

        return self._told(self._answered(run, caller), event)

    def _answered(self, run: Callable[[], Answer], caller: Caller) -> Answer:
        """Run the route; before any refusal is told, ask the journal whether this was done before."""
        try:
            return run()
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
            language=requests.language(event),
            request_id=requests.request_id(event),
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
        key = None if route.key == "ignored" else requests.key(event)
        if key is None and route.key == "required":
            raise KeyRequired
        entry = None
        if key is not None:
            method = str(event.get("httpMethod"))
            entry = ids.derived("evt", caller.principal, method, requests.path(event), key)
        match = requests.header(event, "if-match")
        if match is None and route.versioned:
            raise PreconditionRequired
        request = ids.digest(bodies.canonical(body))[:32]
        command = Command(entry=entry, request=request, route=route.name)
        return replace(caller, command=command, if_match=requests.version(match))

    def _told(self, answer: Answer, event: Event) -> Response[str]:
        headers = {
            "Cache-Control": "no-store",
            "X-Request-Id": requests.request_id(event),
            **answer.headers,
        }
        if answer.etag:
            headers["ETag"] = answer.etag
            if event.get("httpMethod") == "GET" and requests.knows(event, answer.etag):
                return Response(status_code=304, body="", headers=dict(headers))
        kind = "application/json; charset=utf-8"
        return Response(answer.status, kind, bodies.text(answer.body), dict(headers))

    def _refused(self, problem: Problem, event: Event) -> dict[str, Any]:
        language, request_id = requests.language(event), requests.request_id(event)
        body = problem.told(language, instance=str(event.get("path", "")), request_id=request_id)
        headers = {
            "Content-Type": "application/problem+json; charset=utf-8",
            "Content-Language": language,
            "Cache-Control": "no-store",
            "X-Request-Id": request_id,
        }
        if problem.retry_after is not None:
            headers["Retry-After"] = str(problem.retry_after)
        if isinstance(problem, Unauthorized):
            headers["WWW-Authenticate"] = "Bearer"
        if isinstance(problem, MethodNotAllowed):
            headers["Allow"] = ", ".join(problem.allowed)
        return {
            "statusCode": problem.status,
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "body": json.dumps(body, ensure_ascii=False, default=str),
            "isBase64Encoded": False,
        }

    def _unknown(self, _error: Exception) -> Response[str]:
        event = self._powertools.current_event
        path = str(event.path).rstrip("/")
        methods = {
            method
            for method, pattern in (name.split(" ") for name in self.routes)
            if re.fullmatch(re.sub(r"{\w+}", "[^/]+", pattern), path)
        }
        if not methods or event.http_method in methods:
            raise NotFound
        raise MethodNotAllowed(sorted(methods | ({"HEAD"} if "GET" in methods else set())))


def scope(caller: Caller, query: BaseModel) -> str:
    """Return what a cursor is bound to: the list, its filters and who may see what of it."""
    filters = query.model_dump_json(exclude={"cursor", "limit"}, exclude_none=True)
    own = caller.name if caller.sees_only_own() else ""
    return f"{caller.command.route}|{filters}|{own}"
