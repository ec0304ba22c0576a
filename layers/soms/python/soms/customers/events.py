"""What the journal says of customers: of personal values that they changed, never what they were."""

from typing import Final

from soms.customers import store
from soms.customers.model import Customer
from soms.kit import journal, money

CREATED: Final = 201
UNTOLD: Final = frozenset({"version", "terms", "said"})


def created(customer: Customer) -> journal.Event:
    """Return the event of a new customer."""
    limit = customer.credit_limit
    told = {
        "currency": customer.currency,
        "credit_limit": None if limit is None else money.text(limit, customer.currency),
        "credit_limit_until": customer.credit_limit_until and str(customer.credit_limit_until),
        "salesperson": customer.salesperson,
    }
    return journal.Event(
        name="customer.created",
        aggregate=aggregate(customer.id),
        version=1,
        resource=("customer", customer.id),
        status=CREATED,
        changes={name: [None, value] for name, value in told.items()},
    )


def changed(name: str, before: Customer, after: Customer, *, reason: str | None = None) -> journal.Event:
    """Return the event of a change, with what changed: an empty list where the values are personal."""
    old, new = before.model_dump(mode="json"), after.model_dump(mode="json")
    changes = {
        field: [] if field in store.PERSONAL else [old[field], value]
        for field, value in new.items()
        if old[field] != value and field not in UNTOLD
    }
    return journal.Event(
        name=name,
        aggregate=aggregate(after.id),
        version=after.version,
        resource=("customer", after.id),
        changes=changes,
        reason=reason,
    )


def aggregate(customer_id: str) -> str:
    """Return what the journal calls a customer."""
    return f"customer#{customer_id}"
