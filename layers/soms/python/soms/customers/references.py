"""What other systems call a customer: each name leads to one customer, also after a merge."""

from typing import Final

from soms.customers import store
from soms.customers.model import Customer
from soms.kit import aws, items
from soms.kit.problems import NotFound
from soms.kit.settings import Setting
from soms.kit.writes import Held, Rank, Refusal, Stale, Writes

MOST_STEPS: Final = 10
"""So many times a name is followed: to whom it was given, and into whom they were merged."""


def resolved(item: items.Item | None) -> Customer | None:
    """Return the customer that what lies at a reference leads to, past those merged into others, or None."""
    for _ in range(MOST_STEPS):
        onward = item and (item.get("alias_of") or item.get("merged_into"))
        if not onward:
            break
        item = aws.get(*store.key(str(onward)), consistent=True)
    return store.customer(item)


def customer(source: str, name: str) -> Customer:
    """Return the customer that another system calls so, or raise NotFound."""
    found = resolved(aws.get(*store.key(store.id_of_reference(source, name)), consistent=True))
    if found is None or found.status == "erased":
        raise NotFound
    return found


def give(writes: Writes, source: str, name: str, customer_id: str, refused: Refusal) -> None:
    """Let a further reference lead to a customer; `refused` says what it means that it is taken.

    It lies where the customer would lie that was created under it, so there is one of both at most.
    """
    place = store.key(store.id_of_reference(source, name))[1]
    store.take(writes, {**place, "type": store.ALIAS, "alias_of": customer_id}, refused)


def free(writes: Writes, source: str, name: str, customer_id: str) -> None:
    """Let a further reference lead nowhere, so that it may be given again."""
    writes.put(
        Setting.CUSTOMERS,
        {**store.key(store.id_of_reference(source, name))[1], "type": store.ALIAS},
        condition="alias_of = :customer",
        values={":customer": customer_id},
        refused=_stale,
        rank=Rank.STATE,
    )


def _stale(_held: Held) -> Exception:
    return Stale()
