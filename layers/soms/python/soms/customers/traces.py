"""What other tables hold of a customer: open orders and invoices, and copies of its name on orders."""

from collections.abc import Iterable
from decimal import Decimal
from itertools import islice
from typing import Final

from soms.customers import credit
from soms.customers.model import Account, Customer
from soms.kit import aws, items, money
from soms.kit.problems import Problem, Unavailable
from soms.kit.settings import Setting
from soms.kit.writes import Held, Writes

OPEN: Final = "open"
STATES: Final = (OPEN, "over")
NAMED: Final = 20
AT_ONCE: Final = 50


class HasOpenBusiness(Problem):
    """Orders or invoices of the customer are open, or its account is not even."""

    status = 409
    code = "has_open_business"
    title = ("There is open business with this customer", "该客户仍有未结业务")
    detail = (
        "Close the orders and settle the invoices and the balance that `meta` names first.",
        "请先结清 meta 中列出的订单、发票与余额。",
    )


def require_settled(customer: Customer, account: Account | None) -> None:
    """Raise HasOpenBusiness, naming it, unless nothing is open; the account must be read before this."""
    orders = [str(row["number"]) for row in islice(_orders(customer.id, OPEN), NAMED)]
    invoices = [one.number for one in credit.owing(customer.id)[:NAMED]]
    balance = money.rounded(account.exposure if account else Decimal(0), customer.currency)
    if orders or invoices or balance:
        owed = money.text(balance, customer.currency)
        raise HasOpenBusiness(meta={"orders": orders, "invoices": invoices, "exposure": owed})


def clear_names(customer_id: str, name: str, *, most: int) -> tuple[int, int]:
    """Put another name on at most so many orders of a customer; return how many, and how many are left."""
    named, left = list[str](), 0
    for state in STATES:
        for row in _orders(customer_id, state):
            if isinstance(buyer := row["customer"], dict) and buyer["name"] == name:
                continue
            if len(named) < most:
                named.append(str(row["id"]))
            else:
                left += 1
    for start in range(0, len(named), AT_ONCE):
        _rename(named[start : start + AT_ONCE], name)
    return len(named), left


def _rename(order_ids: list[str], name: str) -> None:
    writes = Writes()
    for order_id in order_ids:
        writes.update(
            Setting.ORDERS,
            {"pk": order_id, "sk": "order"},
            "SET customer.#name = :name, settled = settled + :one",
            names={"#name": "name"},
            values={":name": name, ":one": 1},
            condition="attribute_exists(pk)",
            refused=_gone,
        )
    writes.commit()


def _gone(_held: Held) -> Exception:
    return Unavailable()


def _orders(customer_id: str, state: str) -> Iterable[items.Item]:
    # The index is the contract: customers lie below orders and cannot ask their store.
    return aws.query(
        Setting.ORDERS, "customer_key = :key", {":key": f"{customer_id}#{state}"}, index="by_customer"
    )
