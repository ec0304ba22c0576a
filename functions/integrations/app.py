"""HTTP /v1/health, /v1/me, /v1/invariants: is it up, who am I, do the books hold."""

import json

from soms import VERSION
from soms.kit import access, aws, http, settings
from soms.kit.access import Caller
from soms.kit.fields import Request
from soms.kit.problems import NotFound
from soms.kit.settings import Setting

LAST_RUN = {"pk": "reconcile", "sk": "last"}


class RunRequest(Request):
    """A run of the invariants takes no options."""


def _last_run() -> http.Answer:
    held = aws.get(Setting.JOBS, LAST_RUN, consistent=True)
    if held is None:
        raise NotFound
    return http.Answer(json.loads(str(held["report"])))


app = http.Resolver("integrations")
handler = app.handler


@app.get("/v1/health")
def health() -> http.Answer:
    return http.Answer({"status": "ok", "version": VERSION})


@app.get("/v1/me")
def me(caller: Caller) -> http.Answer:
    routes = [
        route
        for table in access.ROUTES.values()
        for route, groups in table.items()
        if groups is None or groups & caller.groups
    ]
    groups = sorted(caller.groups)
    return http.Answer({"id": caller.principal, "name": caller.name, "groups": groups, "may": sorted(routes)})


@app.get("/v1/invariants")
def invariants() -> http.Answer:
    return _last_run()


@app.post("/v1/invariants/runs", keyed=False)
def run(request: RunRequest) -> http.Answer:
    aws.functions().invoke(
        FunctionName=settings.get(Setting.RECONCILE),
        InvocationType="Event",
        Payload=json.dumps({"action": "reconcile", **request.model_dump()}).encode(),
    )
    return http.Answer({"state": "running"}, 202, headers={"Location": "/v1/invariants"})
