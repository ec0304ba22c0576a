"""Placing orders, cancelling and shipping them: each one reading, one decision, one transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import count

from soms.catalog import store as catalog
from soms.catalog.commands import expected, zone
from soms.customers import store as customers
from soms.customers.checks import buyer
from soms.customers.model import Customer
from soms.inventory import store as stock
from soms.inventory.model import StockItem
from soms.inventory.store import Cause
from soms.kit import aws, clock, ids, journal
from soms.kit.access import MANAGERS, Caller
from soms.kit.problems import DuplicateReference, Fault, Forbidden, Invalid, NotFound, Problem
from soms.kit.tax import DiscountTooLarge
from soms.kit.writes import Held, Writes, decide
from soms.orders import lifecycle, pricing, store
from soms.orders.model import (
    MOST_LINES,
    Buyer,
    CancelRequest,
    Order,
    OrderRequest,
    Shipment,
    ShipRequest,
    Taken,
)
from soms.orders.pricing import Facts

CREATED = 201


def place(request: OrderRequest, caller: Caller, *, now: datetime) -> tuple[Order, bool]:
    """Price, check and store an order, its stock reserved and its credit taken in the same transaction.

    Returns the order and whether it was there before under the same reference. Raises Invalid with every
    fault, InsufficientStock naming all that is short, CreditLimitExceeded, DuplicateReference.
    """
    order_id = _id(request, caller)
    attempts = count()
    try:
        return decide(lambda: _placed(order_id, request, caller, now, next(attempts))), False
    except Problem:
        # A refusal asks first whether the order is there already: then this is a repeat, or another order.
        held = store.find(order_id) if request.external_ref else None
        if held is None:
            raise
        if held.said != caller.command.request or not caller.may_see(held.salesperson):
            raise DuplicateReference(
                meta={"id": held.id} if caller.may_see(held.salesperson) else {}
            ) from None
        return held, True


def _id(request: OrderRequest, caller: Caller) -> str:
    if request.external_ref:
        return store.id_of_reference(request.external_ref.source, request.external_ref.id)
    return ids.derived("ord", caller.command.entry or "")


def _placed(order_id: str, request: OrderRequest, caller: Caller, now: datetime, attempt: int) -> Order:
    facts = _facts(request, caller)
    # A number that another order has is refused; the next attempt takes another one.
    order = _order(order_id, request, facts, caller, now, attempt)
    entry = journal.entry_id(caller, f"order#{order_id}", 1)
    order = order.model_copy(update={"entry": entry})
    lifecycle.check(order)

    writes = Writes()
    store.insert(writes, order, {}, _exists)
    cause = Cause(entry, "reserve", f"order#{order_id}", caller.name)
    for item, lines in pricing.stock_items(request.lines, facts).items():
        places = [f"/lines/{index}/quantity" for index, _ in lines]
        stock.reserve(writes, item, sum(line.quantity for _, line in lines), cause, places)
    today = now.astimezone(zone(facts.settings)).date()
    exposure = lifecycle.exposure(order)
    customers.expose(writes, facts.customer, exposure, guarded=True, today=today, placed=1)
    journal.record(writes, _event("order.placed", order, moved=_reserved(order)), caller, at=now)
    writes.commit()
    return order


def cancel(order_id: str, request: CancelRequest, caller: Caller, *, now: datetime) -> Order:
    """Cancel an order, or units of it that have not been shipped; the streams release their stock."""

    def attempt() -> Order:
        before, customer = _read(order_id, caller)
        lifecycle.require(before, "cancel")
        taken = request.lines or tuple(
            Taken(line=line.line, quantity=line.open) for line in before.lines if line.open
        )
        _check_taken(before, taken, {line.line: lifecycle.cancellable(line) for line in before.lines}, "open")
        if request.lines is None and any(line.shipped for line in before.lines):
            lifecycle.refuse(before, "cancel")
        order = _next(lifecycle.cancelled(before, taken), before, caller)
        released = _released(before, order)
        effects: dict[str, object] = {"release": released} if released else {}

        writes = Writes()
        store.replace(writes, order, effects, before=before)
        change = lifecycle.exposure(order) - lifecycle.exposure(before)
        customers.expose(writes, customer, change, guarded=False, today=now.date())
        event = _event("order.cancelled", order, before=before, effects=effects, reason=request.reason)
        journal.record(writes, event, caller, at=now)
        writes.commit()
        return order

    return decide(attempt)


def ship(order_id: str, request: ShipRequest, caller: Caller, *, now: datetime) -> tuple[Order, Shipment]:
    """Let reserved goods leave the warehouse, wholly or in part; returns the order and the shipment."""

    def attempt() -> tuple[Order, Shipment]:
        before, _ = _read(order_id, caller)
        lifecycle.require(before, "ship")
        most = {line.line: lifecycle.shippable(line) for line in before.lines}
        taken = request.lines or tuple(
            Taken(line=line, quantity=units) for line, units in most.items() if units
        )
        _check_taken(before, taken, most, "reserved")
        order = _next(lifecycle.shipped(before, taken), before, caller)
        shipment = Shipment(
            id=store.shipment_id(order.id, order.shipments),
            order_id=order.id,
            ordinal=order.shipments,
            lines=taken,
            carrier=request.carrier,
            tracking=request.tracking,
            shipped_at=clock.stamp(now),
            shipped_by=caller.name,
        )
        leaving = _leaving(before, taken)

        writes = Writes()
        store.replace(writes, order, {}, before=before)
        store.insert_shipment(writes, shipment)
        cause = Cause(order.entry, "ship", f"order#{order.id}", caller.name)
        for item, units in leaving.items():
            stock.ship(writes, item, units, cause)
        moved = {str(item): [-units, -units] for item, units in leaving.items()}
        event = _event(
            "order.shipped",
            order,
            before=before,
            moved=moved,
            resource=("shipment", shipment.id),
            status=CREATED,
        )
        journal.record(writes, event, caller, at=now)
        writes.commit()
        return order, shipment

    return decide(attempt)


def _facts(request: OrderRequest, caller: Caller) -> Facts:
    """Read all that an order is decided on in one batch, and raise what is wrong with it at once."""
    if len(request.lines) > MOST_LINES:
        words = (f"at most {MOST_LINES} lines in one order", f"一张订单最多 {MOST_LINES} 行")
        raise Invalid(Fault("too_many_lines", words, "/lines", meta={"limit": MOST_LINES}))
    reference = request.customer_ref
    customer_id = request.customer_id or ""
    if reference:
        customer_id = customers.id_of_reference(reference.source, reference.id)
    skus = sorted({line.sku for line in request.lines})
    said = sorted({line.warehouse for line in request.lines if line.warehouse})
    keys = [
        catalog.SETTINGS,
        customers.key(customer_id or "none"),
        *(catalog.warehouse_key(one) for one in said),
        *(catalog.product_key(sku) for sku in skus),
    ]
    held = aws.get_many(keys)
    customer = buyer(held[1], caller, by_reference=bool(reference))
    sites = held[2 : 2 + len(said)]
    products = [catalog.product(item) for item in held[2 + len(said) :]]
    facts = Facts(
        customer=customer,
        products={one.sku: one for one in products if one},
        settings=catalog.settings_of(held[0]),
        warehouses=frozenset(
            one for one, item in zip(said, sites, strict=True) if catalog.warehouse_of(one, item)
        ),
    )
    if any(line.unit_price is not None for line in request.lines) and not caller.is_any(MANAGERS):
        raise Forbidden(
            detail=("Only a sales manager may give a price of one's own.", "只有销售经理可以改价。")
        )
    if faults := pricing.faults(request, facts):
        raise Invalid(*faults)
    return facts


def _order(
    order_id: str, request: OrderRequest, facts: Facts, caller: Caller, now: datetime, attempt: int
) -> Order:
    try:
        priced = pricing.priced(request, facts)
    except DiscountTooLarge as error:
        place = "/discount" if error.index is None else f"/lines/{error.index}/discount"
        words = ("more than it is taken from", "折扣大于金额")
        raise Invalid(Fault("discount_too_large", words, place)) from None
    except ValueError as error:
        raise Invalid(Fault("too_large", (str(error), "金额超出上限"), "/lines")) from None
    customer, sums = facts.customer, priced.sums
    day = now.astimezone(zone(facts.settings)).date()
    return lifecycle.derived(
        Order(
            id=order_id,
            number=store.number(order_id, day, attempt),
            currency=customer.currency,
            includes_tax=facts.settings.includes_tax,
            customer=Buyer(id=customer.id, name=customer.name),
            lines=priced.lines,
            tax_groups=priced.groups,
            subtotal=sums.subtotal,
            discount=sums.discount,
            shipping=sums.charges,
            net=sums.net,
            tax=sums.tax,
            total=sums.total,
            external_ref=request.external_ref,
            requested_on=request.requested_on,
            salesperson=_salesperson(request, customer, caller),
            note=request.note,
            invoice_policy=customer.invoice_policy or facts.settings.invoice_policy,
            placed_at=clock.stamp(now),
            created_by=caller.name,
            said=caller.command.request,
        )
    )


def _salesperson(request: OrderRequest, customer: Customer, caller: Caller) -> str | None:
    if request.salesperson and caller.sees_only_own() and request.salesperson != caller.name:
        raise Forbidden
    own = caller.name if caller.sees_only_own() else None
    return request.salesperson or customer.salesperson or own


def _read(order_id: str, caller: Caller) -> tuple[Order, Customer]:
    before = store.get(order_id)
    caller.require_sight(before.salesperson)
    expected(caller, before.version)
    customer = customers.find(before.customer.id)
    if customer is None:
        raise NotFound
    return before, customer


def _next(order: Order, before: Order, caller: Caller) -> Order:
    version = before.version + 1
    entry = journal.entry_id(caller, f"order#{before.id}", version)
    order = order.model_copy(update={"version": version, "entry": entry})
    lifecycle.check(order)
    return order


def _check_taken(order: Order, taken: Sequence[Taken], most: Mapping[int, int], what: str) -> None:
    faults, seen = [], set[int]()
    for index, one in enumerate(taken):
        place = f"/lines/{index}"
        if one.line not in most:
            faults.append(Fault("unknown_line", ("there is no such line", "没有该行"), f"{place}/line"))
        elif one.line in seen:
            words = ("this line is named twice", "该行重复")
            faults.append(Fault("duplicate_line", words, f"{place}/line"))
        elif one.quantity > most[one.line]:
            words = (f"only {most[one.line]} units are {what}", f"最多 {most[one.line]} 件")
            code = f"quantity_exceeds_{what}"
            faults.append(Fault(code, words, f"{place}/quantity", meta={"most": most[one.line]}))
        seen.add(one.line)
    if faults:
        raise Invalid(*faults)
    if not taken:
        lifecycle.refuse(order, "ship")


def _exists(_held: Held) -> Exception:
    # By its reference another order is there; without one only a repeat could be, which the journal knows.
    return DuplicateReference()


def _reserved(order: Order) -> dict[str, object]:
    return {name: [0, units] for name, units in _per_item(order).items()}


def _released(before: Order, after: Order) -> dict[str, object]:
    held, kept = _per_item(before), _per_item(after)
    return {name: units - kept.get(name, 0) for name, units in held.items() if units != kept.get(name, 0)}


def _per_item(order: Order) -> dict[str, int]:
    needed: dict[str, int] = {}
    for line in order.lines:
        if line.reserved and line.warehouse:
            name = str(StockItem(sku=line.sku, warehouse=line.warehouse))
            needed[name] = needed.get(name, 0) + line.reserved
    return needed


def _leaving(order: Order, taken: Sequence[Taken]) -> dict[StockItem, int]:
    lines = {line.line: line for line in order.lines}
    leaving: dict[StockItem, int] = {}
    for one in taken:
        line = lines[one.line]
        if line.warehouse:
            item = StockItem(sku=line.sku, warehouse=line.warehouse)
            leaving[item] = leaving.get(item, 0) + one.quantity
    return leaving


def _event(
    name: str,
    order: Order,
    *,
    before: Order | None = None,
    moved: Mapping[str, object] | None = None,
    effects: Mapping[str, object] | None = None,
    resource: tuple[str, str] | None = None,
    status: int | None = None,
    reason: str | None = None,
) -> journal.Event:
    changes: dict[str, object] = {"total": [None, str(order.total)]}
    if before:
        lines = zip(before.lines, order.lines, strict=True)
        changes = {
            f"lines/{new.line}/{field}": [getattr(old, field), getattr(new, field)]
            for old, new in lines
            for field in ("cancelled", "reserved", "shipped")
            if getattr(old, field) != getattr(new, field)
        }
        if before.status != order.status:
            changes["status"] = [before.status, order.status]
    sign = Decimal(0) if before is None else lifecycle.exposure(before)
    return journal.Event(
        name=name,
        aggregate=f"order#{order.id}",
        version=order.version,
        resource=resource or ("order", order.id),
        status=status or (CREATED if before is None else 200),
        changes=changes,
        moved=moved or {},
        effects=effects or {},
        facts={
            "customer": order.customer.id,
            "currency": order.currency,
            "gross": str(lifecycle.exposure(order) - sign),
        },
        reason=reason,
    )
