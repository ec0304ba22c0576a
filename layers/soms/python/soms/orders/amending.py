"""What an order becomes when it is amended: agreed prices stay; repricing ends a line and adds another."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from soms.catalog.prices import Chosen
from soms.kit.problems import Fault
from soms.orders import bundles, pricing
from soms.orders.model import Discount, Line, Order, Part
from soms.orders.pricing import Basket, Facts, Priced, Wanted
from soms.orders.quantities import agreed, derived, part, summed, without
from soms.orders.requests import AmendRequest, LineChange, LineRequest

PLAIN = ("requested_on", "salesperson", "note", "backorder", "delivery", "priority")


@dataclass
class _Plan:
    """What is to happen: units that end, units that come to lines, lines that come to the order.

    Where the order is `discounted` anew, everything that is open of it is priced anew.
    """

    discounted: bool = False
    ends: dict[int, int] = field(default_factory=dict)
    raises: list[Wanted] = field(default_factory=list)
    adds: list[Wanted] = field(default_factory=list)
    replaces: dict[int, int] = field(default_factory=dict)
    notes: dict[int, str | None] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


class Refused(ValueError):
    """The amendment does not fit the order; `faults` say where."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        """Keep the faults for whoever refuses."""
        super().__init__(faults[0].code)
        self.faults = tuple(faults)


def skus(request: AmendRequest, order: Order) -> set[str]:
    """Return the SKUs that an amendment needs to know of."""
    named = {one.sku for one in request.lines or () if one.sku}
    return named | order.skus


def draft(order: Order, request: AmendRequest, facts: Facts, *, on: date, by_hand: bool) -> Order:
    """Return a draft with the changes, priced anew as of the day."""
    wanted = {one.line: replace(one, place="/lines") for one in pricing.again(order, facts).wanted}
    faults: list[Fault] = []
    number, seen = order.numbered, set[int]()
    for index, change in enumerate(request.lines or ()):
        place = f"/lines/{index}"
        if change.line in seen:
            faults.append(_twice(place))
            continue
        if change.line is None:
            number += 1
            wanted[number] = Wanted(number, _new(change), place)
            continue
        seen.add(change.line)
        held = wanted.get(change.line)
        if held is None and (line := order.line(change.line)) and line.bundle:
            faults.append(bundles.untouchable(f"{place}/line"))
        elif held is None or not isinstance(held.ask, LineRequest):
            faults.append(_unknown(place))
        elif change.quantity == 0:
            del wanted[change.line]
        else:
            wanted[change.line] = replace(held, ask=held.ask.model_copy(update=_said(change)), place=place)
    if "shipping" in request.model_fields_set:
        wanted = {key: one for key, one in wanted.items() if isinstance(one.ask, LineRequest)}
        if request.shipping:
            wanted[number + 1] = Wanted(number + 1, request.shipping, "/shipping")
    discount = request.discount if "discount" in request.model_fields_set else order.discount_rule
    asked = Basket(tuple(wanted.values()), discount, order.numbered)
    if not asked.goods:
        faults.append(Fault("required", ("at least one line is needed", "至少须有一行"), "/lines"))
    # A price that was given by hand before was given by somebody who had the right.
    now_by_hand = any("unit_price" in _said(change) for change in request.lines or ())
    made = _priced(asked, facts, on, faults, by_hand=by_hand or not now_by_hand)
    return _told(pricing.on_order(order, asked, made), request)


def confirmed(order: Order, request: AmendRequest, facts: Facts, *, on: date, by_hand: bool) -> Order:
    """Return a confirmed order with the changes; what comes to it is priced as a document of its own."""
    plan = _plan(order, request, facts)
    discount = order.discount_rule
    if "discount" in request.model_fields_set:
        discount = request.discount
    elif discount and discount.amount is not None:
        # An amount was given for what was ordered then; it is not given again.
        discount = None
    asked = Basket((*plan.raises, *plan.adds), discount, order.numbered)
    made = _priced(asked, facts, on, plan.faults, by_hand=by_hand) if asked.wanted else None
    if plan.faults:
        raise Refused(plan.faults)
    after = without(order, plan.ends, more_come=bool(asked.goods)) if plan.ends else order
    lines = {line.line: line for line in after.lines}
    for line in made.lines if made else ():
        if line.line in lines:
            lines[line.line] = _raised(lines[line.line], line)
        else:
            reserved = line.quantity if line.stocked else 0
            old = lines.get(plan.replaces.get(line.line, 0))
            listed = line.list_price or (old.list_price if old else None)
            kept = {"reserved": reserved, "replaces": old.line if old else None, "list_price": listed}
            # What takes the place of reserved units comes from where these came from, for the same reason.
            why = old.sourcing if old and old.warehouse == line.warehouse else line.sourcing
            lines[line.line] = line.model_copy(update={**kept, "sourcing": why})
    for number, note in plan.notes.items():
        lines[number] = lines[number].model_copy(update={"note": note})
    rule = request.discount if "discount" in request.model_fields_set else order.discount_rule
    figures = {"lines": tuple(lines.values()), "numbered": max(lines), "discount_rule": rule}
    changed = after.model_copy(update=figures | {"status": order.status})
    # Of an order of which nothing is left the amounts stay as they were, as when it is cancelled.
    left = any(line.in_force for line in changed.lines)
    return _told(derived(summed(changed) if left else changed), request)


def _told(order: Order, request: AmendRequest) -> Order:
    return order.model_copy(
        update={name: getattr(request, name) for name in PLAIN if name in request.model_fields_set}
    )


def _priced(asked: Basket, facts: Facts, on: date, faults: list[Fault], *, by_hand: bool) -> Priced:
    found = [*faults, *pricing.faults(asked, facts, on=on, priced_by_hand=by_hand)]
    if found:
        raise Refused(found)
    try:
        return pricing.priced(asked, facts, on=on)
    except pricing.Misfit as misfit:
        raise Refused([misfit.fault]) from None


def _plan(order: Order, request: AmendRequest, facts: Facts) -> _Plan:
    plan, number = _Plan(discounted="discount" in request.model_fields_set), order.numbered
    seen: set[int] = set()
    for index, change in enumerate(request.lines or ()):
        place = f"/lines/{index}"
        if change.line is None:
            number += 1
            plan.adds.append(Wanted(number, _new(change), place))
            continue
        line = order.line(change.line)
        if line is None or line.charge or not line.in_force:
            plan.faults.append(_unknown(place))
        elif change.line in seen:
            plan.faults.append(_twice(place))
        elif line.bundle:
            _change_bundle(plan, order, line, change, place)
        else:
            number = _change(plan, line, change, facts, (place, number))
        seen.add(change.line)
    if plan.discounted:
        number = _discount(plan, [line for line in order.lines if line.line not in seen], number)
    if "shipping" in request.model_fields_set:
        plan.ends |= {line.line: line.open for line in order.lines if line.charge and line.open}
        if request.shipping:
            plan.adds.append(Wanted(number + 1, request.shipping, "/shipping"))
    return plan


def _discount(plan: _Plan, lines: Sequence[Line], number: int) -> int:
    """Reprice what is open of lines; what a bundle's components were agreed at is not taken apart again."""
    for line in lines:
        if line.open and line.bundle:
            plan.faults.append(bundles.untouchable("/discount"))
            break
        if line.open and not line.charge:
            number = _reprice(plan, line, LineChange(line=line.line), line.open, "/discount", number)
    return number


def _change_bundle(plan: _Plan, order: Order, line: Line, change: LineChange, place: str) -> None:
    bundle = line.bundle
    if bundle is None or bundle.line != line.line or change.reprices or plan.discounted:
        plan.faults.append(bundles.untouchable(f"{place}/line"))
        return
    if change.quantity is not None:
        ends, faults = bundles.fewer(order, bundle, change.quantity, place)
        plan.ends |= ends
        plan.faults += faults
    if "note" in change.model_fields_set:
        plan.notes[line.line] = change.note


def _change(plan: _Plan, line: Line, change: LineChange, facts: Facts, at: tuple[str, int]) -> int:
    place, number = at
    wanted = line.in_force if change.quantity is None else change.quantity
    if wanted < line.shipped:
        words = (f"{line.shipped} units are shipped already", f"已发 {line.shipped} 件")
        meta = {"shipped": line.shipped}
        plan.faults.append(Fault("quantity_below_shipped", words, f"{place}/quantity", meta=meta))
        return number
    if change.reprices or plan.discounted:
        return _reprice(plan, line, change, wanted - line.shipped, place, number)
    if wanted < line.in_force:
        plan.ends[line.line] = line.in_force - wanted
    elif wanted > line.in_force:
        ask = _more(line, wanted - line.in_force)
        taxed_alike = _taxed_alike(line, facts)
        # A line has one tax rate: where the product's has changed, more of it is another line.
        number += not taxed_alike
        into = plan.raises if taxed_alike else plan.adds
        into.append(Wanted(line.line if taxed_alike else number, ask, place, _agreed_price(line)))
    if "note" in change.model_fields_set:
        plan.notes[line.line] = change.note
    return number


def _reprice(plan: _Plan, line: Line, change: LineChange, units: int, place: str, number: int) -> int:
    """End what is open of a line and add a line of so many units; the price stays unless one is said."""
    said = change.model_fields_set
    if line.open:
        plan.ends[line.line] = line.open
    if not units:
        return number
    rule = change.discount if "discount" in said else _carried(line, units)
    ask = LineRequest(
        sku=line.sku,
        quantity=units,
        unit_price=change.unit_price if "unit_price" in said else None,
        discount=rule,
        warehouse=change.warehouse if "warehouse" in said else line.site,
        note=change.note if "note" in said else line.note,
    )
    fixed = None if "unit_price" in said else _agreed_price(line)
    plan.adds.append(Wanted(number + 1, ask, place, fixed))
    plan.replaces[number + 1] = line.line
    return number + 1


def _more(line: Line, units: int) -> LineRequest:
    percent = line.discount_rule if line.discount_rule and line.discount_rule.percent is not None else None
    return LineRequest(sku=line.sku, quantity=units, discount=percent, warehouse=line.site)


def _taxed_alike(line: Line, facts: Facts) -> bool:
    product = facts.products.get(line.sku)
    if product and product.components:
        return False
    return product is None or (line.tax_rate, line.tax_category, line.tax_reason) == (
        product.tax_rate,
        product.tax_category,
        product.tax_reason,
    )


def _carried(line: Line, units: int) -> Discount | None:
    """Return a line's own discount for units that move to another line: the percent, or their part of it."""
    rule = line.discount_rule
    if rule is None or rule.amount is None:
        return rule
    return Discount(amount=part(rule.amount, min(units, line.quantity), line.quantity))


def _agreed_price(line: Line) -> Chosen:
    return Chosen(line.unit_price, "", line.price_source, line.price_reason)


def _raised(line: Line, more: Line) -> Line:
    """Return a line with more units, which keep what they themselves were agreed at."""
    came = Part(quantity=more.quantity, net=more.net, tax=more.tax, discount=more.discount, share=more.share)
    return line.model_copy(
        update={
            "quantity": line.quantity + more.quantity,
            "reserved": line.reserved + (more.quantity if line.stocked else 0),
            "parts": (*agreed(line), came),
        }
    )


def _new(change: LineChange) -> LineRequest:
    said: Iterable[str] = change.model_fields_set - {"line"}
    return LineRequest.model_construct(**{name: getattr(change, name) for name in said})


def _said(change: LineChange) -> dict[str, object]:
    """Return what a change says of a line; a quantity of null says nothing."""
    said = {name: getattr(change, name) for name in change.model_fields_set - {"line", "sku"}}
    return {name: value for name, value in said.items() if name != "quantity" or value is not None}


def _twice(place: str) -> Fault:
    return Fault("duplicate_line", ("this line is named twice", "该行重复"), f"{place}/line")


def _unknown(place: str) -> Fault:
    return Fault("unknown_line", ("there is no such line", "没有该行"), f"{place}/line")
