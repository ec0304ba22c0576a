"""Taking on customers and changing what is known of them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from pydantic import ValidationError

from soms.catalog.commands import expected
from soms.customers import checks, events, references, search, store
from soms.customers.model import (
    MOST_REFERENCES,
    Customer,
    CustomerChange,
    CustomerRequest,
    ReferenceChange,
)
from soms.customers.terms import terms_of
from soms.kit import aws, clock, ids, journal
from soms.kit.access import Caller
from soms.kit.fields import Reference
from soms.kit.problems import DuplicateReference, Fault, Forbidden, Invalid, NotFound, Problem
from soms.kit.writes import AlreadyDone, Held, Refusal, Writes, decide

EMPTIED: Final[Mapping[str, object]] = {"payment_terms": {}, "addresses": (), "contacts": ()}
"""What null makes of a field that is never nothing."""


def create(request: CustomerRequest, caller: Caller, *, now: datetime) -> tuple[Customer, bool]:
    """Take on a customer; return it and whether it was there before under the same reference."""
    customer = _new(request, caller, now)
    try:
        checks.check(customer, CustomerRequest.model_fields)
        writes = Writes()
        store.insert(writes, customer, _exists)
        store.open_account(writes, customer)
        search.index(writes, customer)
        journal.record(writes, events.created(customer), caller, at=now)
        writes.commit()
    except Problem:
        # A refusal asks first whether the customer is there already: then it is a repeat, or another one.
        held = aws.get(*store.key(customer.id), consistent=True) if customer.external_ref else None
        found = store.customer(held) or references.resolved(held)
        if found is None:
            raise
        return _the_same(found, customer, caller), True
    return customer, False


def change(customer_id: str, request: CustomerChange, caller: Caller, *, now: datetime) -> Customer:
    """Change a customer's profile; a new limit moves what is available by the difference."""

    def attempt() -> Customer:
        before = _read(customer_id, caller, "change")
        version = expected(caller, before.version) + 1
        said = request.model_dump(include=request.model_fields_set)
        if caller.sees_only_own() and said.get("salesperson", before.salesperson) != before.salesperson:
            raise Forbidden
        if said.get("name", before.name) is None:
            raise Invalid(Fault("required", ("a name is needed", "须有名称"), "/name"))
        said |= {name: value for name, value in EMPTIED.items() if name in said and said[name] is None}
        customer = Customer.model_validate({**before.model_dump(), **said, "version": version})
        checks.check(customer, said)
        return _written(before, customer, caller, now)

    return decide(attempt)


def refer(
    customer_id: str, source: str, request: ReferenceChange, caller: Caller, *, now: datetime
) -> Customer:
    """Say what another system calls a customer, in place of what it was called there before."""
    wanted = _reference(source, request.id) if request.id is not None else None

    def attempt() -> Customer:
        before = _read(customer_id, caller, "refer")
        version = expected(caller, before.version) + 1
        first = before.external_ref
        if first and first.source == source:
            if first == wanted:
                return _as_it_is(before, caller)
            words = ("the reference given at creation stays", "建档时的外部编号不可更改")
            raise Invalid(Fault("fixed", words, "/id"))
        held = next((one for one in before.references if one.source == source), None)
        if held == wanted:
            return _as_it_is(before, caller)
        kept = tuple(one for one in before.references if one != held)
        if wanted and len(kept) == MOST_REFERENCES:
            words = (f"at most {MOST_REFERENCES} references", f"最多 {MOST_REFERENCES} 个外部编号")
            raise Invalid(Fault("too_many", words, "/id"))
        after = (*kept, wanted) if wanted else kept
        customer = before.model_copy(update={"references": after, "version": version})
        return _written(before, customer, caller, now, freed=held, given=wanted)

    return decide(attempt)


def _as_it_is(customer: Customer, caller: Caller) -> Customer:
    """Return a customer that has nothing to be changed, or raise AlreadyDone if this very command did it."""
    entry = journal.find(caller.command.entry) if caller.command.entry else None
    if entry:
        raise AlreadyDone(entry)
    return customer


def _read(customer_id: str, caller: Caller, command: str) -> Customer:
    before = store.get(customer_id)
    caller.require_sight(before.salesperson)
    checks.require_active(before, command)
    return before


def _written(
    before: Customer,
    customer: Customer,
    caller: Caller,
    now: datetime,
    *,
    freed: Reference | None = None,
    given: Reference | None = None,
) -> Customer:
    after = customer.model_copy(update={"terms": terms_of(customer)})
    writes = Writes()
    store.replace(writes, after, before=before)
    store.move_limit(writes, after, before=before)
    search.index(writes, after, before=before)
    if freed:
        references.free(writes, freed.source, freed.id, after.id)
    if given:
        references.give(writes, given.source, given.id, after.id, _taken(caller))
    journal.record(writes, events.changed("customer.changed", before, after), caller, at=now)
    writes.commit()
    return after


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
    customer = Customer.model_validate(
        {
            **request.model_dump(),
            "id": name,
            "salesperson": salesperson,
            "created_at": clock.stamp(now),
            "created_by": caller.name,
            "said": caller.command.request,
        }
    )
    return customer.model_copy(update={"terms": terms_of(customer)})


def _reference(source: str, name: str) -> Reference:
    try:
        return Reference(source=source, id=name)
    except ValidationError:
        # A system that cannot be called so in any body is not there.
        raise NotFound from None


def _exists(_held: Held) -> Exception:
    return DuplicateReference()


def _taken(caller: Caller) -> Refusal:
    def refused(held: Held) -> Exception:
        whose = (held or {}).get("alias_of") or (held or {}).get("id")
        return DuplicateReference(meta={} if caller.sees_only_own() else {"id": whose})

    return refused


def _the_same(held: Customer, said: Customer, caller: Caller) -> Customer:
    if held.said == said.said and held.created_by == said.created_by:
        return held
    visible = caller.may_see(held.salesperson)
    if held.said == said.said and visible:
        return held
    raise DuplicateReference(meta={"id": held.id} if visible else {})
