"""Customers and their credit accounts in the customers table."""

from collections.abc import Mapping
from decimal import Decimal

from soms.customers.model import Account, Customer
from soms.kit import aws, ids, items, money, paging
from soms.kit.problems import NotFound, Problem
from soms.kit.settings import Setting
from soms.kit.writes import Held, Rank, Refusal, Stale, Writes

SHARDS = 4
PERSONAL = frozenset({"name", "email", "phone", "addresses", "contacts", "tax_id", "note"})
Key = tuple[Setting, Mapping[str, object]]


class CreditLimitExceeded(Problem):
    """The customer's credit does not reach for this."""

    status = 409
    code = "credit_limit_exceeded"
    title = ("The customer's credit limit would be exceeded", "超出客户信用额度")


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
    """Return the customer an item holds."""
    return Customer.model_validate(item) if item else None


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
    writes.put(
        Setting.CUSTOMERS,
        _item(customer),
        condition="attribute_not_exists(pk)",
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


def expose(
    writes: Writes,
    customer: Customer,
    change: Decimal,
    *,
    guarded: bool,
    placed: int = 0,
) -> None:
    """Change a customer's exposure by what an order is worth more or less (protocol, table of exposure).

    A guarded change respects the limit, also one by nothing; `placed` counts a new order of the customer.
    """
    if customer.kind == "cash" or (change == 0 and not placed and not guarded):
        return
    moves = "exposure = exposure + :change, ordered = ordered + :change, orders = orders + :placed"
    values: dict[str, object] = {":change": change, ":placed": placed, ":one": 1}
    if customer.credit_limit is None:
        writes.update(
            *account_key(customer.id),
            f"SET {moves}, seq = seq + :one",
            values=values,
            condition="attribute_exists(pk) AND attribute_not_exists(credit_available)",
            refused=_stale,
            rank=Rank.STATE,
        )
        return

    def refused(held: Held) -> Exception:
        if not held or "credit_available" not in held:
            return Stale()
        available = Decimal(str(held["credit_available"]))
        return exceeded(customer, change, available)

    condition = "attribute_exists(credit_available)"
    if guarded:
        condition = "credit_available >= :needed"
        values[":needed"] = max(change, Decimal(0))
    writes.update(
        *account_key(customer.id),
        f"SET {moves}, credit_available = credit_available - :change, seq = seq + :one",
        values=values,
        condition=condition,
        refused=refused,
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


def listed(*, salesperson: str | None, limit: int, after: str | None) -> paging.Page:
    """Return one page of customers, newest first, of a sales person where asked."""
    if salesperson:
        return paging.listed(
            Setting.CUSTOMERS,
            "by_salesperson",
            [salesperson],
            partition="salesperson",
            key="listed_key",
            limit=limit,
            after=after,
        )
    return paging.listed(
        Setting.CUSTOMERS,
        "by_listing",
        [f"customer#{shard}" for shard in range(SHARDS)],
        partition="listing",
        key="listed_key",
        limit=limit,
        after=after,
    )


def _stale(_held: Held) -> Exception:
    return Stale()


def _item(customer: Customer) -> items.Item:
    return customer.model_dump(mode="json", exclude_none=True) | {
        **key(customer.id)[1],
        # The profile's own `kind` says how it pays; followers of tables tell items apart by `type`.
        "type": "customer",
        "listing": f"customer#{ids.shard(customer.id, SHARDS)}",
        "listed_key": f"{customer.created_at}#{customer.id[-8:]}",
    }
