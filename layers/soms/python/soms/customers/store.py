"""Customers and their credit accounts in the customers table."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from soms.customers.model import Account, Customer
from soms.kit import aws, clock, ids, items, money
from soms.kit.problems import NotFound, Problem
from soms.kit.settings import Setting
from soms.kit.writes import Held, Rank, Refusal, Stale, Writes

SHARDS: Final = 4
PERSONAL: Final = frozenset(
    {"name", "email", "phone", "addresses", "contacts", "tax_id", "note", "external_ref", "references"}
)
ALIAS: Final = "alias"
Key = tuple[Setting, Mapping[str, object]]


class CreditLimitExceeded(Problem):
    """The customer's credit does not reach for this."""

    status = 409
    code = "credit_limit_exceeded"
    title = ("The customer's credit limit would be exceeded", "超出客户信用额度")


class CustomerClosed(Problem):
    """The customer was merged into another one or erased: nothing that raises what it owes is possible."""

    status = 409
    code = "customer_closed"
    title = ("This customer is closed", "该客户已停用")

    def __init__(self, customer: Customer) -> None:
        """Say what became of the customer."""
        super().__init__(
            detail=(
                f"The customer is {customer.status}; what it owes cannot rise any more.",
                "该客户已合并或已删除，不能再增加应收。",
            ),
            meta={"status": customer.status, "merged_into": customer.merged_into},
        )


def key(customer_id: str) -> Key:
    """Return where a customer lies."""
    return Setting.CUSTOMERS, {"pk": customer_id, "sk": "customer"}


def account_key(customer_id: str) -> Key:
    """Return where a customer's credit account lies."""
    return Setting.CUSTOMERS, {"pk": customer_id, "sk": "account"}


def id_of_reference(source: str, name: str) -> str:
    """Return the id that a customer of another system has here."""
    return ids.derived("cus", "reference", source, name)


def customer(item: items.Item | None) -> Customer | None:
    """Return the customer an item holds; a name that another system has for one is no customer."""
    return Customer.model_validate(item) if item and item.get("type") != ALIAS else None


def find(customer_id: str) -> Customer | None:
    """Return a customer, or None."""
    return customer(aws.get(*key(customer_id), consistent=True))


def get(customer_id: str) -> Customer:
    """Return a customer, or raise NotFound."""
    found = find(customer_id)
    if found is None:
        raise NotFound
    return found


def insert(writes: Writes, customer: Customer, refused: Refusal) -> None:
    """Write a new customer; `refused` says what it means that there is one by this id."""
    take(writes, _item(customer), refused)


def take(writes: Writes, item: items.Item, refused: Refusal) -> None:
    """Write an item where neither a customer lies nor a reference that leads to one."""
    writes.put(
        Setting.CUSTOMERS,
        item,
        condition="attribute_not_exists(pk) OR (#type = :alias AND attribute_not_exists(alias_of))",
        names={"#type": "type"},
        values={":alias": ALIAS},
        refused=refused,
        rank=Rank.AGGREGATE,
    )


def replace(writes: Writes, customer: Customer, *, before: Customer) -> None:
    """Write a customer over the version that was read."""
    writes.put(
        Setting.CUSTOMERS,
        _item(customer),
        condition="#version = :before",
        names={"#version": "version"},
        values={":before": before.version},
        refused=_stale,
        rank=Rank.STATE,
    )


def require_active(writes: Writes, customer_id: str) -> None:
    """Require that a customer is neither merged nor erased."""
    writes.check(
        *key(customer_id),
        "attribute_exists(pk) AND attribute_not_exists(merged_into) AND attribute_not_exists(erased_at)",
        refused=_stale,
        rank=Rank.STATE,
    )


def open_account(writes: Writes, customer: Customer) -> None:
    """Write the account of a new customer, if it is to have one."""
    if customer.kind == "cash":
        return
    item: items.Item = {
        **account_key(customer.id)[1],
        "kind": "account",
        "customer_id": customer.id,
        "exposure": 0,
        "ordered": 0,
        "orders": 0,
        "credit_available": customer.credit_limit,
        "seq": 1,
    }
    writes.put(
        Setting.CUSTOMERS,
        {name: value for name, value in item.items() if value is not None},
        condition="attribute_not_exists(pk)",
        refused=_stale,
        rank=Rank.STATE,
    )


def move_limit(writes: Writes, customer: Customer, *, before: Customer) -> None:
    """Move what is available by the change of the limit; the profile's version says the old one holds."""
    old, new = before.credit_limit, customer.credit_limit
    if customer.kind == "cash" or old == new:
        return
    if new is None:
        expression, values = "SET seq = seq + :one REMOVE credit_available", {}
    elif old is None:
        expression, values = "SET credit_available = :new - exposure, seq = seq + :one", {":new": new}
    else:
        expression = "SET credit_available = credit_available + :rise, seq = seq + :one"
        values = {":rise": new - old}
    writes.update(
        *account_key(customer.id),
        expression,
        values={":one": 1, **values},
        condition="attribute_exists(pk)",
        refused=_stale,
        rank=Rank.STATE,
    )


def close_account(writes: Writes, account: Account | None, *, now: datetime) -> None:
    """Let nothing raise what is owed on an account any more; it must be even, and as it was read."""
    if account is None:
        return
    writes.update(
        *account_key(account.customer_id),
        "SET closed_at = :now, seq = seq + :one",
        values={":now": clock.stamp(now), ":one": 1, ":nothing": 0, ":seq": account.seq},
        condition="exposure = :nothing AND seq = :seq",
        refused=_stale,
        rank=Rank.STATE,
    )


def expose(
    writes: Writes,
    customer: Customer,
    change: Decimal,
    *,
    guarded_on: date | None = None,
    placed: int = 0,
    owed: Decimal = Decimal(0),
) -> None:
    """Change a customer's exposure by what an order is worth more or less (protocol, table of exposure).

    A change that is guarded on a company day respects the limit, also one by nothing; after the limit's last
    day it counts as nothing, so only what was paid beforehand is left. `placed` counts a new order, `owed` is
    what is owed again because money was taken off its invoice.
    Raises CustomerClosed for a guarded change of a customer that was merged or erased.
    """
    guarded = guarded_on is not None
    if guarded and customer.status != "active":
        raise CustomerClosed(customer)
    if customer.kind == "cash" or (change == 0 and not placed and not guarded and not owed):
        return
    ended = guarded_on is not None and change > 0 and customer.limit_has_ended(guarded_on)
    condition, needed = _guard(customer, change, guarded=guarded, ended=ended)
    moves = "exposure = exposure + :moved, ordered = ordered + :change, orders = orders + :placed"
    if customer.credit_limit is not None:
        moves += ", credit_available = credit_available - :moved"

    def refused(held: Held) -> Exception:
        if needed is None or not held or "credit_available" not in held or "closed_at" in held:
            return Stale()
        available = Decimal(str(held["credit_available"]))
        return exceeded(customer, max(change, Decimal(0)), available - (needed - max(change, Decimal(0))))

    writes.update(
        *account_key(customer.id),
        f"SET {moves}, seq = seq + :one",
        values={":change": change, ":moved": change + owed, ":placed": placed, ":one": 1}
        | ({} if needed is None else {":needed": needed}),
        condition=condition,
        refused=refused,
        rank=Rank.STATE if needed is None else Rank.GUARD,
    )
    if ended:
        _require_unchanged(writes, customer)


def collect(writes: Writes, customer: Customer, change: Decimal) -> None:
    """Change a customer's exposure by money, in its currency: below zero where it paid, never guarded."""
    if customer.kind == "cash" or change == 0:
        return
    moves = "exposure = exposure + :change"
    if customer.credit_limit is not None:
        moves += ", credit_available = credit_available - :change"
    condition, _ = _guard(customer, change, guarded=False, ended=False)
    writes.update(
        *account_key(customer.id),
        f"SET {moves}, seq = seq + :one",
        values={":change": change, ":one": 1},
        condition=condition,
        refused=_stale,
        rank=Rank.STATE,
    )


def _guard(
    customer: Customer, change: Decimal, *, guarded: bool, ended: bool
) -> tuple[str, Decimal | None]:
    """Return the condition of a change, and what must be available for it where that is part of it."""
    is_open = " AND attribute_not_exists(closed_at)" if guarded else ""
    if customer.credit_limit is None:
        return f"attribute_exists(pk) AND attribute_not_exists(credit_available){is_open}", None
    if not guarded:
        return "attribute_exists(credit_available)", None
    # What is available is the limit less the exposure: without the limit it must be so much more.
    more = customer.credit_limit if ended else Decimal(0)
    return f"credit_available >= :needed{is_open}", max(change, Decimal(0)) + more


def _require_unchanged(writes: Writes, customer: Customer) -> None:
    """Require that the limit still is the one that was reckoned with."""
    writes.check(
        *key(customer.id),
        "#version = :version",
        names={"#version": "version"},
        values={":version": customer.version},
        refused=_stale,
        rank=Rank.STATE,
    )


def exceeded(customer: Customer, needed: Decimal, available: Decimal) -> CreditLimitExceeded:
    """Return the refusal of an order that the credit does not reach for."""
    left = money.text(available, customer.currency)
    wanted = money.text(needed, customer.currency)
    return CreditLimitExceeded(
        detail=(
            f"{wanted} {customer.currency} is needed, {left} is available.",
            f"需要 {wanted} {customer.currency}，可用额度为 {left}。",
        ),
        meta={"needed": wanted, "available": left, "currency": customer.currency},
    )


def account(customer_id: str) -> Account | None:
    """Return a customer's credit account, or None for a cash customer."""
    item = aws.get(*account_key(customer_id), consistent=True)
    return Account.model_validate(item) if item else None


def _stale(_held: Held) -> Exception:
    return Stale()


def _item(customer: Customer) -> items.Item:
    item = customer.model_dump(mode="json", exclude_none=True) | {
        **key(customer.id)[1],
        # The profile's own `kind` says how it pays; followers of tables tell items apart by `type`.
        "type": "customer",
    }
    if customer.status != "active":
        return item
    return item | {
        "listing": f"customer#{ids.shard(customer.id, SHARDS)}",
        "listed_key": f"{customer.created_at}#{customer.id[-8:]}",
    }
