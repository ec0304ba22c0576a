"""Bank lines, and which account belongs to which customer, in the billing table."""

from collections.abc import Iterable, Mapping
from typing import Final

from soms.billing import balances
from soms.billing.bank import payouts
from soms.billing.bank.bank_line import BankLine
from soms.kit import aws, ids, items, paging
from soms.kit.problems import NotFound
from soms.kit.settings import Setting
from soms.kit.writes import Held, Rank, Stale, Writes

SHARDS: Final = 4
Key = tuple[Setting, Mapping[str, object]]


def key(line_id: str) -> Key:
    """Return where a line is kept."""
    return Setting.BILLING, {"pk": line_id, "sk": "line"}


def payer_key(account: str) -> Key:
    """Return where it is kept whose account this is."""
    return Setting.BILLING, {"pk": f"payer#{ids.digest(account)}", "sk": "payer"}


def of(row: items.Item) -> BankLine:
    """Return the line a row holds."""
    return BankLine.model_validate(row | {"kind": row["word"]})


def get(line_id: str) -> BankLine:
    """Return a line, or raise NotFound."""
    found = aws.get(*key(line_id), consistent=True)
    if found is None:
        raise NotFound
    return of(found)


def known(line_ids: Iterable[str]) -> set[str]:
    """Return which of the lines are there already."""
    found = aws.get_many([key(one) for one in line_ids], consistent=True)
    return {str(one["id"]) for one in found if one}


def unconsidered(line_ids: Iterable[str]) -> list[str]:
    """Return which of the lines were never looked at."""
    found = aws.get_many([key(one) for one in line_ids], consistent=True)
    return [str(one["id"]) for one in found if one and not one["considered"]]


def put(writes: Writes, line: BankLine, *, before: BankLine | None) -> None:
    """Write a line over what was read, or a new one."""
    held: items.Item = line.model_dump(mode="json", exclude_none=True) | {
        **key(line.id)[1],
        # The stream of billing tells items apart by `kind`; the line's own kind is kept under another name.
        "kind": "bank_line",
        "word": line.kind,
        "seq": line.seq,
        "status_shard": f"line_{line.state}#{ids.shard(line.id, SHARDS)}",
        "issued_key": f"{line.booked_on}#{line.id}",
    }
    if line.is_provider and line.kind == "payout" and line.state == "unmatched":
        held |= balances.uncleared(line.id, line.currency, abs(line.amount), line.booked_on)
    elif line.is_provider and line.payout:
        held |= {"owing": payouts.rows_key(line.source, line.payout), "owing_key": held["issued_key"]}
    writes.put(
        Setting.BILLING,
        held,
        condition="seq = :seq" if before else "attribute_not_exists(pk)",
        values={":seq": before.seq} if before else None,
        refused=_stale,
        rank=Rank.STATE,
    )


def listed(state: str | None, *, limit: int, after: str | None) -> paging.Page:
    """Return one page of lines in a state, or of those that wait, the newest first."""
    states = [state] if state else ["unmatched", "suggested"]
    return paging.listed(
        Setting.BILLING,
        "by_status",
        [f"line_{one}#{shard}" for one in states for shard in range(SHARDS)],
        partition="status_shard",
        key="issued_key",
        limit=limit,
        after=after,
    )


def customer_of(account: str | None) -> str | None:
    """Return whose account this is, as earlier matches taught, or None."""
    held = aws.get(*payer_key(account)) if account else None
    return str(held["customer_id"]) if held else None


def learn(writes: Writes, account: str | None, customer_id: str) -> None:
    """Remember whose account this is; the latest match tells."""
    if account:
        writes.put(Setting.BILLING, {**payer_key(account)[1], "kind": "payer", "customer_id": customer_id})


def _stale(_held: Held) -> Exception:
    return Stale()
