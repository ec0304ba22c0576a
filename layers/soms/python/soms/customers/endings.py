"""How customers end: merged into another one, or erased so that only the figures stay."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from soms.catalog.commands import expected
from soms.customers import events, references, search, store, traces
from soms.customers.checks import require_active
from soms.customers.model import Customer
from soms.kit import aws, clock, ids, journal
from soms.kit.access import Caller, Command
from soms.kit.problems import Fault, Invalid, InvalidState
from soms.kit.settings import Setting
from soms.kit.writes import Held, Rank, Stale, Writes, decide

ERASED: Final = "erased 已删除"
MERGED: Final = "merged#"
ORDERS_AT_ONCE: Final = 500
"""Of so many orders one request takes the name away."""
EMPTY: Final[Mapping[str, object]] = {
    "name": ERASED,
    "email": None,
    "phone": None,
    "addresses": (),
    "contacts": (),
    "tax_id": None,
    "note": None,
    "external_ref": None,
    "references": (),
    "terms": (),
    "said": "",
}


def merge(duplicate_id: str, into: str, caller: Caller, *, now: datetime) -> Customer:
    """Close a duplicate in favour of the customer it is merged into; return the duplicate.

    Its references lead to the other one from now on. Raises HasOpenBusiness while anything of it is open.
    """

    def attempt() -> Customer:
        before = store.get(duplicate_id)
        caller.require_sight(before.salesperson)
        require_active(before, "merge")
        version = expected(caller, before.version) + 1
        _check_survivor(before, store.find(into) if into != duplicate_id else None)
        account = store.account(before.id)
        traces.require_settled(before, account)
        after = before.model_copy(update={"version": version, "merged_into": into, "terms": ()})

        writes = Writes()
        store.replace(writes, after, before=before)
        search.index(writes, after, before=before)
        store.close_account(writes, account, now=now)
        store.require_active(writes, into)
        _mark(writes, after)
        journal.record(writes, events.changed("customer.merged", before, after), caller, at=now)
        writes.commit()
        return after

    return decide(attempt)


def erase(customer_id: str, reason: str, caller: Caller, *, now: datetime) -> tuple[Customer, int]:
    """Remove a person and leave the figures; return the customer and how many orders still bear the name.

    Given again, it goes on with those. Whoever was merged into the customer goes with it.
    """
    customer = store.get(customer_id)
    caller.require_sight(customer.salesperson)
    if customer.merged_into:
        raise InvalidState(command="erase", state="merged", allowed=[])
    duplicates = merged_into(customer_id)
    if customer.status != "erased":
        expected(caller, customer.version)
        for one in duplicates:
            _emptied(one, reason, _on_behalf(caller, one), now)
        customer = _emptied(customer_id, reason, caller, now)
    left, remaining = ORDERS_AT_ONCE, 0
    for one in (customer_id, *duplicates):
        done, more = traces.clear_names(one, ERASED, most=left)
        left, remaining = left - done, remaining + more
    return customer, remaining


def merged_into(customer_id: str) -> list[str]:
    """Return the ids of all that were merged into a customer, also by way of others."""
    found: list[str] = []
    waiting = [customer_id]
    while waiting:
        values = {":pk": waiting.pop(), ":mark": MERGED}
        rows = aws.query(
            Setting.CUSTOMERS, "pk = :pk AND begins_with(sk, :mark)", values, consistent=True
        )
        fresh = [str(row["sk"]).removeprefix(MERGED) for row in rows]
        found += fresh
        waiting += fresh
    return found


def _check_survivor(duplicate: Customer, survivor: Customer | None) -> None:
    if survivor is None:
        words = ("there is no other customer by this id", "没有对应的其他客户")
        raise Invalid(Fault("unknown_customer", words, "/into"))
    if survivor.status != "active":
        words = (f"this customer is {survivor.status} itself", "该客户本身已合并或已删除")
        raise Invalid(
            Fault("customer_closed", words, "/into", meta={"merged_into": survivor.merged_into})
        )
    if survivor.currency != duplicate.currency:
        words = (f"that customer's currency is {survivor.currency}", f"该客户的货币为 {survivor.currency}")
        raise Invalid(Fault("currency_mismatch", words, "/into"))


def _mark(writes: Writes, duplicate: Customer) -> None:
    writes.put(
        Setting.CUSTOMERS,
        {"pk": duplicate.merged_into, "sk": f"{MERGED}{duplicate.id}", "type": "merged"},
        condition="attribute_not_exists(pk)",
        refused=_stale,
        rank=Rank.STATE,
    )


def _emptied(customer_id: str, reason: str, caller: Caller, now: datetime) -> Customer:
    def attempt() -> Customer:
        before = store.get(customer_id)
        if before.status == "erased":
            return before
        account = store.account(customer_id)
        traces.require_settled(before, account)
        version = before.version + 1
        after = before.model_copy(update={**EMPTY, "version": version, "erased_at": clock.stamp(now)})

        writes = Writes()
        store.replace(writes, after, before=before)
        search.index(writes, after, before=before)
        for one in before.references:
            references.free(writes, one.source, one.id, before.id)
        store.close_account(writes, account, now=now)
        event = events.changed("customer.erased", before, after, reason=reason)
        journal.record(writes, event, caller, at=now)
        writes.commit()
        return after

    return decide(attempt)


def _on_behalf(caller: Caller, duplicate_id: str) -> Caller:
    """Return the caller with a command of its own for a duplicate that goes with whom it was merged into."""
    command = caller.command
    entry = ids.derived("evt", "erase", command.entry or "", duplicate_id)
    return caller.under(Command(entry=entry, request=command.request, route=command.route))


def _stale(_held: Held) -> Exception:
    return Stale()
