"""What would become of an order, by the same code as placing; nothing is stored. And many orders at once."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import ValidationError

from soms.kit import bodies, ids, journal
from soms.kit.access import Caller, Command
from soms.kit.invalid import faults_of_body
from soms.kit.problems import DuplicateReference, Fault, Forbidden, Invalid, KeyReused, Problem
from soms.kit.writes import AlreadyDone
from soms.orders import placing, pricing, quantities, store, supplying, writing
from soms.orders.model import Asked, Order
from soms.orders.pricing import Facts
from soms.orders.requests import OrderRequest

UNPRICEABLE = frozenset({"unknown_sku", "currency_mismatch"})


@dataclass(frozen=True)
class Verdict:
    """What is wrong with an order, what it would look like, and which rules would ask for approval."""

    faults: tuple[Fault, ...]
    order: Order | None = None
    asked: tuple[Asked, ...] = ()


def validate(body: Mapping[str, object], caller: Caller, *, now: datetime) -> Verdict:
    """Say everything that stands against an order at once: fields, prices, stock, credit, approvals."""
    try:
        request = OrderRequest.model_validate(body)
    except ValidationError as error:
        return Verdict(faults_of_body(error))
    try:
        facts = placing.facts_for(request, caller)
    except Invalid as problem:
        return Verdict(problem.faults)
    found = [*placing.faults_of(request, facts, caller, now=now), *_of_person(request, facts, caller)]
    found += _of_reference(request, caller)
    order, more = _priced(request, facts, caller, found, now=now)
    return _bound(order, facts, [*found, *more], now=now) if order else Verdict((*found, *more))


def _priced(
    request: OrderRequest, facts: Facts, caller: Caller, found: list[Fault], *, now: datetime
) -> tuple[Order | None, list[Fault]]:
    """Price what can be priced: the lines against whose price nothing stands."""
    wrong = {one.pointer for one in found if one.code in UNPRICEABLE or one.code == "forbidden"}
    asked = pricing.basket(request)
    sound = tuple(one for one in asked.wanted if not {f"{one.place}/sku", f"{one.place}/unit_price"} & wrong)
    if not sound:
        return None, []
    plain = request.model_copy(update={"lines": (), "shipping": None, "salesperson": None, "currency": None})
    try:
        empty = placing.blank("", plain, facts, caller, now=now)
        return placing.priced(empty, replace(asked, wanted=sound), facts, now=now), []
    except Invalid as problem:
        return None, list(problem.faults)


def _bound(order: Order, facts: Facts, found: list[Fault], *, now: datetime) -> Verdict:
    bound = supplying.sourced(order.model_copy(update={"status": "confirmed"}), facts)
    bound = quantities.reserved(bound)
    asked = placing.rules_asking(bound, facts, quantities.exposure(bound))
    problems = placing.in_the_way(order, bound, facts, asked, now=now)
    bound = writing.imagined(None, bound)
    status = "pending_approval" if asked else "confirmed"
    held = placing.with_credit_hold(bound.model_copy(update={"status": status}), facts, now=now)
    told = (fault for one in problems for fault in (one.faults or (one.as_fault(),)))
    return Verdict((*found, *told), held, asked)


def _of_person(request: OrderRequest, facts: Facts, caller: Caller) -> list[Fault]:
    try:
        placing.salesperson(request.salesperson, facts, caller)
    except Forbidden as problem:
        return [Fault("forbidden", problem.detail, "/salesperson")]
    return []


def _of_reference(request: OrderRequest, caller: Caller) -> list[Fault]:
    """Say that the reference is taken; the order there may be the very same."""
    held = store.find(placing.id_of(request, caller)) if request.external_ref else None
    if held is None:
        return []
    meta = {"id": held.id} if caller.may_see(held.salesperson) else {}
    return [Fault("duplicate_reference", DuplicateReference.detail, "/external_ref", meta=meta)]


@dataclass(frozen=True)
class Outcome:
    """What became of one order of many."""

    order: Order | None = None
    replayed: bool = False
    problem: Problem | None = None


def place_each(bodies: tuple[Mapping[str, object], ...], caller: Caller, *, now: datetime) -> list[Outcome]:
    """Place each order for itself; its key follows from the key of the whole and its place in the list."""
    return [_place(body, _nth(caller, index, body), now=now) for index, body in enumerate(bodies)]


def _place(body: Mapping[str, object], caller: Caller, *, now: datetime) -> Outcome:
    try:
        request = OrderRequest.model_validate(body)
        order, before = placing.place(request, caller, now=now)
    except ValidationError as error:
        return Outcome(problem=Invalid(*faults_of_body(error)))
    except AlreadyDone as done:
        return _replayed(done.entry, caller)
    except Problem as problem:
        # A refusal asks first whether this very command has succeeded before.
        entry = journal.find(caller.command.entry or "")
        return _replayed(entry, caller) if entry else Outcome(problem=problem)
    return Outcome(order, replayed=before)


def _replayed(entry: Mapping[str, object], caller: Caller) -> Outcome:
    if entry["request"] != caller.command.request:
        return Outcome(problem=KeyReused())
    resource = entry["resource"]
    return Outcome(store.get(str(resource[1]) if isinstance(resource, list) else ""), replayed=True)


def _nth(caller: Caller, index: int, body: Mapping[str, object]) -> Caller:
    said = ids.digest(bodies.canonical(body))[:32]
    entry = ids.derived("evt", caller.command.entry or "", "of", str(index))
    return caller.under(Command(entry=entry, request=said, route=caller.command.route))
