"""Approving, rejecting and posting counts: each variance is one adjustment, and none is made twice."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Protocol

from pydantic import Field

from soms.catalog.commands import expected
from soms.inventory import counts, papers
from soms.inventory.commands import More
from soms.inventory.counts import Count, CountLine, Trouble
from soms.inventory.model import AdjustmentRequest, Stock, StockItem
from soms.inventory.settling import Deed, commit
from soms.kit import clock, ids, items, journal, writes
from soms.kit.access import Caller, Command
from soms.kit.fields import Request, Text
from soms.kit.problems import Fault, Forbidden, Problem
from soms.kit.writes import AlreadyDone, Held, Writes, decide

OWN_REQUEST = ("Whoever asked for it may not approve it.", "申请人不能自行审批。")


class Adjust(Protocol):
    """How one variance is posted: as inventory.commands.adjust does."""

    def __call__(
        self, sku: str, request: AdjustmentRequest, caller: Caller, *, now: datetime, more: More | None = None
    ) -> tuple[Stock, items.Item]:
        """Change a stock item; `more` adds what else is written in the same transaction."""


class RejectRequest(Request):
    """Why not."""

    reason: Annotated[str, Field(min_length=1, max_length=1000)]


class ApproveRequest(Request):
    """Why, if anybody asks."""

    reason: Text | None = None


class CountedSince(Problem):
    """The stock item was counted again and posted after this was found."""

    status = 409
    code = "counted_since"
    title = ("Counted again meanwhile", "期间已有其他盘点入账")
    detail = (
        "Another count of it was posted after this one was found; count it once more.",
        "该商品在此次清点之后已有其他盘点入账，请重新盘点。",
    )


class _Elsewhere(Exception):
    """Somebody else is posting this line."""


def approve(
    count_id: str, request: ApproveRequest, caller: Caller, adjust: Adjust, *, now: datetime
) -> Count:
    """Approve what waits, not by whoever submitted it, and post it."""
    return go_on(_decide(count_id, "approve", request.reason, caller, now), caller, adjust, now=now)


def reject(count_id: str, request: RejectRequest, caller: Caller, *, now: datetime) -> Count:
    """Refuse what waits; nothing of it is posted."""
    return _decide(count_id, "reject", request.reason, caller, now)


def post(count_id: str, caller: Caller, adjust: Adjust, *, now: datetime) -> Count:
    """Apply the variances of a count that are not applied yet; what fails stays, and may be posted again."""
    held = papers.count(count_id)
    expected(caller, held.version)
    counts.require(held, "post")
    return _post(held, caller, adjust, now)


def go_on(count: Count, caller: Caller, adjust: Adjust, *, now: datetime) -> Count:
    """Post what is approved, under an entry of its own after the one that approved it."""
    entry = ids.derived("evt", "count-approved", count.id, str(count.version))
    onwards = caller.under(Command(entry, caller.command.request, caller.command.route))
    return _post(count, onwards, adjust, now)


def broke_off(count: Count, caller: Caller) -> bool:
    """Tell whether this very command has approved a count and was over before it was posted."""
    if count.status != "approved" or caller.command.entry is None:
        return False
    entry = journal.find(caller.command.entry)
    return entry is not None and entry["request"] == caller.command.request


def _decide(count_id: str, command: str, reason: str | None, caller: Caller, now: datetime) -> Count:
    status = {"approve": "approved", "reject": "rejected"}[command]

    def attempt() -> Count:
        before = papers.count(count_id)
        if command == "approve" and broke_off(before, caller):
            return before
        expected(caller, before.version)
        counts.require(before, command)
        if caller.principal == before.submitter:
            raise Forbidden(detail=OWN_REQUEST, faults=[Fault("own_request", OWN_REQUEST)])
        said = {"status": status, "decided_at": clock.stamp(now), "decided_by": caller.name, "reason": reason}
        deed = Deed(f"count.{status}", reason=reason)
        return commit(before, before.model_copy(update=said), deed, caller, now=now)

    return decide(attempt)


def _post(count: Count, caller: Caller, adjust: Adjust, now: datetime) -> Count:
    until = writes.deadline.get()
    for line in counts.differing(count, papers.lines(count.id)):
        if until is not None and time.monotonic() > until:
            break
        if line.posted_seq is None:
            _post_line(count, line, caller, adjust, now)

    def attempt() -> Count:
        before = papers.count(count.id)
        lines = counts.differing(before, papers.lines(count.id))
        posted = sum(line.posted_seq is not None for line in lines)
        said = {
            "status": "posted" if posted == len(lines) else "partly_posted",
            "posted": posted,
            "failed": sum(line.state == "failed" for line in lines),
        }
        return commit(before, before.model_copy(update=said), Deed("count.posted"), caller, now=now)

    return decide(attempt)


def _post_line(count: Count, line: CountLine, caller: Caller, adjust: Adjust, now: datetime) -> None:
    """Post one variance; a second time its journal entry is there already, and nothing happens."""
    item = StockItem(sku=line.sku, warehouse=count.warehouse)
    entry = ids.derived("evt", "count-line", count.id, line.sku)
    onwards = caller.under(Command(entry, caller.command.request, caller.command.route))
    request = AdjustmentRequest(
        warehouse=count.warehouse,
        delta=line.variance,
        reason=line.reason,
        unit_cost=line.unit_cost,
        note=line.note,
    )
    try:
        adjust(line.sku, request, onwards, now=now, more=_marking(count, line, item))
    except (AlreadyDone, _Elsewhere):
        return
    except Problem as problem:
        _fail(count, line, problem)


def _marking(count: Count, line: CountLine, item: StockItem) -> Callable[[Writes, Stock], None]:
    def more(sent: Writes, after: Stock) -> None:
        update = {"posted_seq": after.seq, "trouble": None, "version": line.version + 1}
        marked = line.model_copy(update=update)
        papers.put_line(sent, count.id, marked, before=line, refused=_elsewhere)
        if count.kind != "adjustment":
            found = line.found_seq or 0
            papers.mark_counted(sent, item, found=found, posted=after.seq, refused=_counted_since)

    return more


def _fail(count: Count, line: CountLine, problem: Problem) -> None:
    english, chinese = problem.faults[0].words if problem.faults else problem.detail
    trouble = Trouble(code=problem.code, english=english, chinese=chinese)
    failed = line.model_copy(update={"trouble": trouble, "version": line.version + 1})
    sent = Writes()
    papers.put_line(sent, count.id, failed, before=line, refused=_elsewhere)
    try:
        sent.commit()
    except _Elsewhere:
        return


def _elsewhere(_held: Held) -> Exception:
    return _Elsewhere()


def _counted_since(_held: Held) -> Exception:
    return CountedSince()
