"""Matching bank lines: with recorded money, with invoices they pay, by hand or by themselves, and back."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from soms.billing import balances, store
from soms.billing.bank import aiming, bank_entries, bank_lines, candidates, scoring
from soms.billing.bank.bank_line import (
    Aim,
    BankLine,
    Candidate,
    LossRequest,
    MatchRequest,
    UnmatchRequest,
)
from soms.billing.cash import collecting, refunds
from soms.billing.cash.collecting import Facts
from soms.catalog.commands import expected
from soms.kit import access, clock, ids, journal, money
from soms.kit.access import Caller, Command
from soms.kit.problems import InvalidState, Problem
from soms.kit.writes import AlreadyDone, Stale, Writes, decide

ZERO: Final = Decimal(0)


def match(line_id: str, request: MatchRequest, caller: Caller, *, now: datetime) -> BankLine:
    """Match a line as somebody says; return it.

    Raises NotFound, InvalidState, Invalid, DoesNotAddUp, AmountExceedsOpen, VersionMismatch.
    """

    def attempt() -> BankLine:
        line = _waiting(bank_lines.get(line_id), caller, "match")
        known = collecting.facts(now)
        fee = money.amount(request.fee or ZERO, line.currency)
        return _written(line, aiming.asked(line, request, fee, caller, now), known, caller, now)

    return decide(attempt)


def consider(line_id: str, *, now: datetime) -> BankLine:
    """Look what a line may belong to: match it where that is certain, else keep what is likely."""

    def attempt() -> BankLine:
        line = bank_lines.get(line_id)
        if line.state not in {"unmatched", "suggested"}:
            return line
        known = collecting.facts(now)
        caller = access.system("matching", f"{line.id}#{line.seq}")
        if line.is_provider and line.kind == "fee":
            return _lost(line, "bank_fee", "bank_fee", known, caller, now)
        found = candidates.found(line, known.settings)
        if sure := scoring.certain(found):
            try:
                made = aiming.aimed(line, sure, line.fee if line.is_provider else ZERO, caller, now)
                return _written(line, made, known, caller, now)
            except AlreadyDone:
                raise Stale from None
            except Problem:
                # What looked certain cannot be done: somebody decides.
                found = (sure.model_copy(update={"score": scoring.SURE - 1}), *found[1:])
        return _kept(line, scoring.likely(found))

    return decide(attempt)


def unmatch(line_id: str, request: UnmatchRequest, caller: Caller, *, now: datetime) -> BankLine:
    """Take back what a line was matched with or written off to; a payment made of it stays, uncleared."""

    def attempt() -> BankLine:
        line = bank_lines.get(line_id)
        expected(caller, line.version)
        if line.state not in {"matched", "written_off"}:
            raise InvalidState(command="unmatch", state=line.state, allowed=["match", "write-off"])
        known = collecting.facts(now)
        writes = Writes()
        _file(writes, line, known, caller, now, back=True, reason=request.reason)
        held = balances.payments(aim.id for aim in line.matched if aim.kind == "payment")
        for aim in line.matched:
            if aim.kind == "payment":
                balances.put_payment(writes, held[aim.id].cleared_by(-aim.amount), before=held[aim.id])
            if aim.kind == "refund":
                refund = refunds.get(aim.id)
                refunds.replace(writes, refund.cleared(seen=False), before=refund)
            if aim.kind == "payout":
                payout = bank_lines.get(aim.id)
                bank_lines.put(writes, _moved(payout, state="unmatched", matched=()), before=payout)
        after = _moved(
            line,
            state="unmatched",
            matched=(),
            matched_fee=ZERO,
            matched_methods={},
            candidates=(),
            reason=request.reason,
        )
        return _recorded(writes, line, after, "bank_line.unmatched", caller, now, request.reason)

    return decide(attempt)


def write_off(line_id: str, request: LossRequest, caller: Caller, *, now: datetime) -> BankLine:
    """Say that a line belongs to nothing of ours: a fee, interest, a difference."""

    def attempt() -> BankLine:
        line = _waiting(bank_lines.get(line_id), caller, "write-off")
        known = collecting.facts(now)
        words = f"{request.reason}: {request.note}" if request.note else request.reason
        return _lost(line, request.reason, words, known, caller, now)

    return decide(attempt)


def _lost(line: BankLine, reason: str, words: str, known: Facts, caller: Caller, now: datetime) -> BankLine:
    after = _moved(
        line,
        state="written_off",
        considered=True,
        candidates=(),
        reason=reason,
        match=line.match + 1,
        matched_by=caller.name,
        matched_at=clock.stamp(now),
    )
    writes = Writes()
    _file(writes, after, known, caller, now, back=False, reason=words)
    return _recorded(writes, line, after, "bank_line.written_off", caller, now, words)


def _waiting(line: BankLine, caller: Caller, command: str) -> BankLine:
    expected(caller, line.version)
    if line.state not in {"unmatched", "suggested"}:
        raise InvalidState(command=command, state=line.state, allowed=["unmatch"])
    return line


def _written(line: BankLine, made: aiming.Match, known: Facts, caller: Caller, now: datetime) -> BankLine:
    after = _moved(
        line,
        state="matched",
        considered=True,
        exception=None,
        candidates=(),
        matched=tuple(made.aims),
        matched_fee=made.fee,
        matched_methods=aiming.methods(made),
        match=line.match + 1,
        matched_by=caller.name,
        matched_at=clock.stamp(now),
    )
    writes = Writes()
    if made.new and made.customer:
        second = caller.under(
            Command(
                entry=ids.derived("evt", "bank_line", line.id, str(after.match)),
                request=caller.command.request,
                route=caller.command.route,
            )
        )
        collecting.record(writes, made.desk, made.new, made.customer, known, second, now=now)
    for before, payment in made.payments:
        balances.put_payment(writes, payment, before=before)
    if made.refund:
        refunds.replace(writes, made.refund.cleared(seen=True), before=made.refund)
    if made.payout:
        told = Aim(kind="payout", id=line.id, number=None, amount=abs(made.payout.amount))
        settled = _moved(made.payout, state="matched", matched=(told,))
        bank_lines.put(writes, settled, before=made.payout)
    _file(writes, after, known, caller, now, back=False, reason=None)
    owner = made.customer.id if made.customer else next((one.customer_id for one, _ in made.payments), None)
    if owner and caller.principal and not caller.principal.startswith("system:"):
        bank_lines.learn(writes, line.payer_account, owner)
    return _recorded(writes, line, after, "bank_line.matched", caller, now, None)


def _kept(line: BankLine, found: Sequence[Candidate]) -> BankLine:
    state = "suggested" if found else "unmatched"
    if (line.state, line.candidates, line.considered) == (state, tuple(found), True):
        return line
    lacking = "no_payment" if line.is_provider and line.kind == "capture" and not found else None
    after = _moved(line, state=state, candidates=tuple(found), considered=True, exception=lacking)
    writes = Writes()
    bank_lines.put(writes, after.model_copy(update={"version": line.version}), before=line)
    writes.commit()
    return after


def _moved(line: BankLine, **changes: object) -> BankLine:
    return line.model_copy(update={**changes, "version": line.version + 1, "seq": line.seq + 1})


def _file(
    writes: Writes,
    line: BankLine,
    known: Facts,
    caller: Caller,
    now: datetime,
    *,
    back: bool,
    reason: str | None,
) -> None:
    for voucher in bank_entries.vouchers(
        line, known.periods, known.today, back=back, reason=reason, at=now, by=caller.name
    ):
        store.insert_voucher(writes, voucher)


def _recorded(
    writes: Writes,
    before: BankLine,
    after: BankLine,
    name: str,
    caller: Caller,
    now: datetime,
    reason: str | None,
) -> BankLine:
    bank_lines.put(writes, after, before=before)
    event = journal.Event(
        name=name,
        aggregate=f"bank_line#{after.id}",
        version=after.version,
        resource=("bank_line", after.id),
        changes={
            "state": [before.state, after.state],
            "matched": [[one.id for one in before.matched], [one.id for one in after.matched]],
        },
        facts={"currency": after.currency, "amount": str(after.amount)},
        reason=reason,
    )
    journal.record(writes, event, caller, at=now)
    writes.commit()
    return after
