"""Refunds in the billing table, and the references that they keep."""

from collections.abc import Iterable
from datetime import date
from typing import Final

from soms.billing import balances
from soms.billing.balances import Key
from soms.billing.cash.refund import Refund, Status
from soms.kit import aws, ids, items, paging
from soms.kit.problems import NotFound
from soms.kit.settings import Setting
from soms.kit.writes import Held, Rank, Refusal, Stale, Writes

SHARDS: Final = 4
REFUNDS: Final = ("r#", "r~")
"""Where in a customer's list refunds lie."""


def id_of(method: str, reference: str) -> str:
    """Return the id of a refund: a reference is unique for its method; of several payments, for all."""
    return ids.derived("rfd", method, reference.casefold())


def key(refund_id: str) -> Key:
    """Return where a refund is kept, or the reference of one of several payments."""
    return Setting.BILLING, {"pk": refund_id, "sk": "refund"}


def refund_of(held: items.Item | None) -> Refund | None:
    """Return the refund an item holds; a reference that another refund keeps is none."""
    return Refund.model_validate(held) if held and held["kind"] == "refund" else None


def find(refund_id: str) -> Refund | str | None:
    """Return a refund, the id of the one that keeps this reference, or None; strongly consistent."""
    held = aws.get(*key(refund_id), consistent=True)
    if held and held["kind"] == "refund_reference":
        return str(held["refund"])
    return refund_of(held)


def get(refund_id: str) -> Refund:
    """Return a refund, or raise NotFound."""
    found = find(refund_id)
    if not isinstance(found, Refund):
        raise NotFound
    return found


def payments_of(refund_ids: Iterable[str]) -> list[str]:
    """Return the payments that the refunds are of, strongly consistent."""
    found = map(refund_of, aws.get_many([key(one) for one in refund_ids], consistent=True))
    return [one.payment_id for each in found if each for one in each.parts]


def insert(writes: Writes, refund: Refund, refused: Refusal) -> None:
    """Write a new refund, and its reference for each of its methods; `refused` tells what is there."""
    fresh = "attribute_not_exists(pk)"
    writes.put(Setting.BILLING, _item(refund), condition=fresh, refused=refused, rank=Rank.AGGREGATE)
    for method in refund.methods:
        name = id_of(method, refund.reference)
        if name != refund.id:
            kept = {**key(name)[1], "kind": "refund_reference", "refund": refund.id}
            writes.put(Setting.BILLING, kept, condition=fresh, refused=refused, rank=Rank.AGGREGATE)


def replace(writes: Writes, refund: Refund, *, before: Refund) -> None:
    """Write a refund over what was read."""
    writes.put(
        Setting.BILLING,
        _item(refund),
        condition="seq = :seq",
        values={":seq": before.seq},
        refused=_stale,
        rank=Rank.STATE,
    )


def listed(
    *, customer_id: str | None, status: Status | None, limit: int, after: str | None
) -> paging.Page:
    """Return one page of refunds, the newest first: a customer's, or of one status or of all."""
    if customer_id:
        index, partition, shards = "by_customer", "customer_id", [customer_id]
    else:
        states = [status] if status else ["requested", "done", "rejected"]
        index, partition = "by_status", "status_shard"
        shards = [f"refund_{state}#{shard}" for state in states for shard in range(SHARDS)]
    return paging.listed(
        Setting.BILLING,
        index,
        shards,
        partition=partition,
        key="issued_key",
        limit=limit,
        after=after,
        between=REFUNDS,
    )


def _item(refund: Refund) -> items.Item:
    held: items.Item = refund.model_dump(mode="json", exclude_none=True) | {
        **key(refund.id)[1],
        "kind": "refund",
        "seq": refund.seq,
        "status_shard": f"refund_{refund.status}#{ids.shard(refund.id, SHARDS)}",
        "issued_key": f"r#{refund.requested_at}#{refund.id}",
    }
    if refund.status == "done" and not refund.is_cleared:
        day = date.fromisoformat((refund.decided_at or refund.requested_at)[:10])
        held |= balances.uncleared(refund.id, refund.currency, refund.amount, day)
    return held


def _stale(_held: Held) -> Exception:
    return Stale()
