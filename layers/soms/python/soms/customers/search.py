"""Finding customers by terms: small items in the customers table, written and removed with the customer."""

from collections.abc import Callable, Sequence
from typing import Final

from soms.customers import store
from soms.customers.model import Customer
from soms.customers.terms import partition
from soms.kit import aws, items, paging
from soms.kit.settings import Setting
from soms.kit.writes import Writes

PREFIX: Final = "term#"
_LAST: Final = "\U0010ffff"


def index(writes: Writes, customer: Customer, *, before: Customer | None = None) -> None:
    """Write the terms that a customer is newly found by, and remove those it is no longer found by."""
    old, new = set(before.terms if before else ()), set(customer.terms)
    for term in sorted(old - new):
        writes.delete(Setting.CUSTOMERS, _key(term, customer.id))
    for term in sorted(new - old):
        writes.put(Setting.CUSTOMERS, {**_key(term, customer.id), "customer_id": customer.id})


def found(
    wanted: Sequence[str], seen: Callable[[Customer], bool], *, limit: int, after: str | None
) -> tuple[list[Customer], str | None]:
    """Return one page of the customers that have a term beginning with each one wanted, and where it ends.

    One query, by the longest; what it finds is read in one batch and checked against the others and `seen`.
    """
    first = wanted[0]
    values = {":pk": f"{PREFIX}{partition(first)}", ":low": after or first, ":high": first + _LAST}
    rows = aws.query(
        Setting.CUSTOMERS,
        "pk = :pk AND sk BETWEEN :low AND :high",
        values,
        limit=limit + 2,
        consistent=True,
    )
    fresh = (row for row in rows if row["sk"] != after)
    page = paging.merged([lambda: fresh], "sk", limit, newest_first=False)
    held = aws.get_many([store.key(str(row["customer_id"])) for row in page.rows], consistent=True)
    customers = [
        customer
        for row, item in zip(page.rows, held, strict=True)
        if (customer := store.customer(item)) and _fits(row, customer, wanted) and seen(customer)
    ]
    return customers, page.next_position


def _fits(row: items.Item, customer: Customer, wanted: Sequence[str]) -> bool:
    """Tell whether a customer is found by every term, and by this row first: so it is found only once."""
    of_each = [[term for term in customer.terms if term.startswith(one)] for one in wanted]
    return all(of_each) and row["sk"] == _key(min(of_each[0]), customer.id)["sk"]


def _key(term: str, customer_id: str) -> dict[str, str]:
    return {"pk": f"{PREFIX}{partition(term)}", "sk": f"{term}#{customer_id}"}
