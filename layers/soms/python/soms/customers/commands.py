"""Taking on customers and changing what is known of them."""

from collections.abc import Mapping
from datetime import datetime

from soms.catalog.commands import expected
from soms.catalog.rules import unknown_currency
from soms.customers import store
from soms.customers.model import Customer, CustomerChange, CustomerRequest
from soms.kit import clock, ids, journal, money
from soms.kit.access import Caller
from soms.kit.problems import DuplicateReference, Fault, Forbidden, Invalid, Problem
from soms.kit.writes import Held, Writes, decide

CREATED = 201


def create(request: CustomerRequest, caller: Caller, *, now: datetime) -> tuple[Customer, bool]:
    """Take on a customer; return it and whether it was there before under the same reference."""
    customer = _new(request, caller, now)
    try:
        _check(request.currency, request)
        writes = Writes()
        store.insert(writes, customer, _exists)
        store.open_account(writes, customer)
        journal.record(writes, _created(customer), caller, at=now)
        writes.commit()
    except Problem:
        # A refusal asks first whether the customer is there already: then it is a repeat, or another one.
        held = store.find(customer.id) if customer.external_ref else None
        if held is None:
            raise
        return _the_same(held, customer, caller), True
    return customer, False


def change(customer_id: str, request: CustomerChange, caller: Caller, *, now: datetime) -> Customer:
    """Change a customer's profile; a new limit moves what is available by the difference."""

    def attempt() -> Customer:
        before = store.get(customer_id)
        caller.require_sight(before.salesperson)
        version = expected(caller, before.version) + 1
        _check(before.currency, request)
        said = {name: getattr(request, name) for name in request.model_fields_set}
        if caller.sees_only_own() and said.get("salesperson", before.salesperson) != before.salesperson:
            raise Forbidden
        if said.get("name", before.name) is None:
            raise Invalid(Fault("required", ("a name is needed", "须有名称"), "/name"))
        customer = Customer.model_validate({**before.model_dump(), **_dumped(said), "version": version})

        writes = Writes()
        store.replace(writes, customer, before=before)
        store.move_limit(writes, customer, before=before)
        journal.record(writes, _changed(before, customer), caller, at=now)
        writes.commit()
        return customer

    return decide(attempt)


def _new(request: CustomerRequest, caller: Caller, now: datetime) -> Customer:
    reference = request.external_ref
    if reference:
        name = store.id_of_reference(reference.source, reference.id)
    else:
        name = ids.derived("cus", caller.command.entry or "")
    salesperson = request.salesperson
    if caller.sees_only_own():
        if salesperson not in {None, caller.name}:
            raise Forbidden
        salesperson = caller.name
    return Customer.model_validate(
        {
            **request.model_dump(),
            "id": name,
            "salesperson": salesperson,
            "created_at": clock.stamp(now),
            "created_by": caller.name,
            "said": caller.command.request,
        }
    )


def _check(currency: str, request: CustomerRequest | CustomerChange) -> None:
    faults: list[Fault] = []
    if not money.known(currency):
        faults.append(unknown_currency("/currency"))
    elif request.credit_limit is not None:
        try:
            limit = money.amount(request.credit_limit, currency)
        except ValueError as error:
            faults.append(Fault("too_many_digits", (str(error), "金额位数超出货币允许范围"), "/credit_limit"))
        else:
            if limit < 0:
                faults.append(Fault("too_small", ("must be at least 0", "不得小于 0"), "/credit_limit"))
    if isinstance(request, CustomerRequest) and request.kind == "cash" and request.credit_limit is not None:
        words = ("a cash customer has no credit limit", "现款客户没有信用额度")
        faults.append(Fault("invalid", words, "/credit_limit"))
    if faults:
        raise Invalid(*faults)


def _exists(_held: Held) -> Exception:
    return DuplicateReference()


def _the_same(held: Customer, said: Customer, caller: Caller) -> Customer:
    if held.said == said.said and held.created_by == said.created_by:
        return held
    visible = caller.may_see(held.salesperson)
    if held.said == said.said and visible:
        return held
    raise DuplicateReference(meta={"id": held.id} if visible else {})


def _dumped(said: Mapping[str, object]) -> Mapping[str, object]:
    return {
        name: value if name != "payment_terms" or value is not None else {} for name, value in said.items()
    }


def _created(customer: Customer) -> journal.Event:
    return journal.Event(
        name="customer.created",
        aggregate=f"customer#{customer.id}",
        version=1,
        resource=("customer", customer.id),
        status=CREATED,
        changes={
            "currency": [None, customer.currency],
            "credit_limit": [None, _text(customer)],
            "salesperson": [None, customer.salesperson],
        },
    )


def _changed(before: Customer, after: Customer) -> journal.Event:
    old, new = before.model_dump(mode="json"), after.model_dump(mode="json")
    # Of personal values the journal says that they changed, not what they were.
    changes = {
        name: None if name in store.PERSONAL else [old[name], value]
        for name, value in new.items()
        if old[name] != value and name != "version"
    }
    return journal.Event(
        name="customer.changed",
        aggregate=f"customer#{after.id}",
        version=after.version,
        resource=("customer", after.id),
        changes=changes,
    )


def _text(customer: Customer) -> str | None:
    if customer.credit_limit is None:
        return None
    return money.text(customer.credit_limit, customer.currency)
