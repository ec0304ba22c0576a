"""HTTP /v1/reconciliation: bank lines and providers' rows, what they may belong to, and what they do."""

from typing import Annotated

from pydantic import Field
from soms.billing.bank import bank_lines, matching, payouts
from soms.billing.bank.bank_line import BankLine, LossRequest, MatchRequest, State, UnmatchRequest
from soms.kit import clock, http, money, paging
from soms.kit.access import Caller
from soms.kit.fields import Request

HIDDEN = {"seq", "match", "considered", "matched_methods"}
AT_ONCE = 100


class Lines(Request):
    """Filters of the list of lines; without a state those that wait."""

    state: State | None = None
    limit: Annotated[int, Field(ge=1, le=paging.MOST)] = paging.USUAL
    cursor: str | None = None


class RunRequest(Request):
    """Where a look at all lines that wait goes on; without a cursor it begins with the newest."""

    cursor: str | None = None


def _shown(line: BankLine) -> dict[str, object]:
    shown = line.model_dump(mode="json", exclude=HIDDEN)
    for name in ("amount", "fee", "matched_fee"):
        shown[name] = money.text(money.rounded(getattr(line, name), line.currency), line.currency)
    if line.is_provider and line.kind == "payout":
        shown["payout_check"] = payouts.check(line).shown(line.currency)
    return shown


def _answer(line: BankLine) -> http.Answer:
    return http.Answer(_shown(line), version=line.version, settled=line.seq)


app = http.Resolver(
    "reconciliation", replays={"bank_line": lambda name, _caller: _answer(bank_lines.get(name))}
)
handler = app.handler


@app.get("/v1/reconciliation/items")
def lines(query: Lines, caller: Caller) -> http.Answer:
    scope = http.scope(caller, query)
    after = paging.position(query.cursor, scope)
    page = bank_lines.listed(query.state, limit=query.limit, after=after)
    return http.page(page, [_shown(bank_lines.of(row)) for row in page.rows], scope)


@app.get("/v1/reconciliation/items/{line_id}")
def line(line_id: str) -> http.Answer:
    return _answer(bank_lines.get(line_id))


@app.post("/v1/reconciliation/items/{line_id}/match")
def match(line_id: str, request: MatchRequest, caller: Caller) -> http.Answer:
    return _answer(matching.match(line_id, request, caller, now=clock.now()))


@app.post("/v1/reconciliation/items/{line_id}/unmatch")
def unmatch(line_id: str, request: UnmatchRequest, caller: Caller) -> http.Answer:
    return _answer(matching.unmatch(line_id, request, caller, now=clock.now()))


@app.post("/v1/reconciliation/items/{line_id}/write-off")
def write_off(line_id: str, request: LossRequest, caller: Caller) -> http.Answer:
    return _answer(matching.write_off(line_id, request, caller, now=clock.now()))


@app.post("/v1/reconciliation/runs")
def run(request: RunRequest, caller: Caller) -> http.Answer:
    scope = f"{caller.command.route}|waiting"
    page = bank_lines.listed(None, limit=AT_ONCE, after=paging.position(request.cursor, scope))
    seen = [matching.consider(str(row["id"]), now=clock.now()) for row in page.rows]
    states = ("matched", "suggested", "unmatched")
    counts = {state: sum(one.state == state for one in seen) for state in states}
    return http.Answer({"counts": counts, "next_cursor": paging.cursor(page.next_position, scope)})
