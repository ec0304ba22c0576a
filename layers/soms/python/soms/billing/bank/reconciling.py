"""Taking bank lines and providers' rows in, once, and looking what each belongs to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from soms.billing.bank import bank_lines, matching
from soms.billing.bank.bank_line import BankLine
from soms.billing.statements.model import StatementLine
from soms.catalog.rules import amount_faults, unknown_currency
from soms.kit import journal, money
from soms.kit.access import Caller
from soms.kit.problems import Fault, Invalid
from soms.kit.writes import AlreadyDone, Writes, decide

AT_ONCE: Final = 40
CREATED: Final = 201


@dataclass(frozen=True)
class Taken:
    """How many lines are new, and how many were known."""

    new: int = 0
    known: int = 0


def take(
    lines: Sequence[StatementLine], facts: Mapping[str, object], caller: Caller, *, now: datetime
) -> Taken:
    """Take up to 40 lines of one statement in, each once, and look what the new ones belong to.

    `facts` say of which `source` and `kind` the statement is. Raises Invalid where a line cannot be taken:
    then none is; AlreadyDone where this very command took them.
    """
    _require_exact(lines)
    read = [_line(one, facts) for one in lines]

    def attempt() -> Taken:
        known = bank_lines.known(one.id for one in read)
        fresh = [one for one in read if one.id not in known]
        taken = Taken(len(fresh), len(read) - len(fresh))
        writes = Writes()
        for one in fresh:
            bank_lines.put(writes, one, before=None)
        event = journal.Event(
            name="bank_lines.taken",
            aggregate=f"statement#{read[0].account}",
            version=1,
            resource=("bank_line", read[0].id),
            status=CREATED,
            changes={"lines": [None, [one.id for one in fresh]]},
            facts={"new": taken.new, "known": taken.known},
        )
        journal.record(writes, event, caller, at=now)
        writes.commit()
        return taken

    try:
        taken = decide(attempt)
    except AlreadyDone:
        _consider(read, now)
        raise
    _consider(read, now)
    return taken


def _consider(lines: Sequence[BankLine], now: datetime) -> None:
    """Look what lines belong to that were not looked at yet; a repeat goes on from there."""
    waiting = bank_lines.unconsidered(one.id for one in lines)
    for line_id in waiting:
        matching.consider(line_id, now=now)


def _require_exact(lines: Sequence[StatementLine]) -> None:
    faults: list[Fault] = []
    for one in lines:
        place = f"/{one.position}"
        if not money.known(one.currency):
            faults.append(unknown_currency(f"{place}/currency"))
            continue
        faults += amount_faults(_plain(one.amount), one.currency, f"{place}/amount")
        faults += amount_faults(_plain(one.fee), one.currency, f"{place}/fee")
    if faults:
        raise Invalid(*faults)


def _plain(amount: Decimal) -> Decimal:
    """Return an amount without zeros at its end: files write as many as they like."""
    plain = amount.normalize()
    return plain if int(plain.as_tuple().exponent) <= 0 else plain.quantize(Decimal(1))


def _line(one: StatementLine, facts: Mapping[str, object]) -> BankLine:
    told = one.model_dump(include=set(BankLine.model_fields) & set(StatementLine.model_fields))
    exact = {
        "amount": money.amount(_plain(one.amount), one.currency),
        "fee": money.amount(_plain(one.fee), one.currency),
    }
    return BankLine(
        **told | exact,
        source=str(facts.get("source", "")),
        is_provider=facts.get("kind") == "provider",
        import_id=str(facts["import_id"]) if facts.get("import_id") else None,
    )
