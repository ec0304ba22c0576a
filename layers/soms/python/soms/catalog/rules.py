"""What is wrong with settings and tiers beyond the shape of their fields."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from soms.catalog.model import (
    ApprovalRule,
    Entity,
    Product,
    ProductRequest,
    SettingsRequest,
    Tier,
    Warehouse,
)
from soms.kit import money
from soms.kit.problems import Fault, Words


def unknown_currency(pointer: str) -> Fault:
    """Return the fault of a currency code that ISO 4217 does not list."""
    return Fault("unknown_currency", ("an ISO 4217 code is needed", "须为 ISO 4217 货币代码"), pointer)


def amount_faults(amount: Decimal, currency: str, pointer: str) -> list[Fault]:
    """Return what is wrong with an amount in a known currency."""
    try:
        money.amount(amount, currency)
    except ValueError as error:
        return [Fault("too_many_digits", (str(error), "金额位数超出货币允许范围"), pointer)]
    return []


def limit_faults(request: SettingsRequest) -> list[Fault]:
    """Return what is wrong with the limits of a company, which are in its currency."""
    limits = {
        "/count_approval_above_value": request.count_approval_above_value,
        "/refund_approval_above": request.refund_approval_above,
        "/write_off_limits/finance": request.write_off_limits.finance,
        "/write_off_limits/finance_manager": request.write_off_limits.finance_manager,
        "/write_off_tolerance": request.write_off_tolerance,
    }
    return [
        fault
        for place, limit in limits.items()
        if limit is not None
        for fault in amount_faults(limit, request.currency, place)
    ]


def tier_faults(tiers: Sequence[Tier]) -> list[Fault]:
    """Return a fault for every tier that begins where another does."""
    return _repeated("/tiers", "from", [tier.start for tier in tiers])


def approval_faults(rules: Sequence[ApprovalRule], currency: str) -> list[Fault]:
    """Return what is wrong with approval rules of a company that keeps its books in the currency."""
    found = _repeated("/approval_rules", "id", [rule.id for rule in rules])
    for index, rule in enumerate(rules):
        place, own = f"/approval_rules/{index}", rule.currency or currency
        if rule.currency and not money.known(rule.currency):
            found.append(unknown_currency(f"{place}/currency"))
        elif rule.total_above is not None and money.known(own):
            found += amount_faults(rule.total_above, own, f"{place}/total_above")
    return found


def series_faults(settings: SettingsRequest) -> list[Fault]:
    """Return what is wrong with the entities of a company: each has a name and series of its own."""
    named = [
        ("/invoice_series", settings.invoice_series),
        ("/credit_note_series", settings.credit_note_series),
    ]
    for index, one in enumerate(settings.entities):
        place = f"/entities/{index}"
        named.append((f"{place}/invoice_series", one.invoice_series))
        named.append((f"{place}/credit_note_series", one.credit_note_series))
    prefixes = [prefix for _, prefix in named]
    return _repeated("/entities", "id", [one.id for one in settings.entities]) + [
        Fault("duplicate_series", (f"{prefix} numbers other documents", f"{prefix} 已用于其他单据"), place)
        for index, (place, prefix) in enumerate(named)
        if prefix in prefixes[:index]
    ]


def entity_faults(before: Sequence[Entity], after: Sequence[Entity]) -> list[Fault]:
    """Return a fault for every entity that is missing now: customers and invoices may be of it."""
    kept = {one.id for one in after}
    return [
        Fault("entity_missing", (f"the entity {one.id} stays", f"主体 {one.id} 不可移除"), "/entities")
        for one in before
        if one.id not in kept
    ]


def warehouse_faults(found: Warehouse | None, name: str, pointer: str) -> list[Fault]:
    """Return what is wrong with a warehouse from which goods are to be taken."""
    if found is None:
        return [Fault("unknown_warehouse", ("no such warehouse", "没有该仓库"), pointer)]
    return [] if found.active else [inactive_warehouse(name, pointer)]


def inactive_warehouse(name: str, pointer: str) -> Fault:
    """Return the fault of a warehouse from which nothing is taken any more."""
    words = (f"nothing is taken from {name} any more", f"仓库 {name} 已停用")
    return Fault("inactive_warehouse", words, pointer)


def bundle_faults(sku: str, request: ProductRequest, found: Mapping[str, Product]) -> list[Fault]:
    """Return what is wrong with a product as a bundle of the products that were found."""
    parts = request.components or ()
    faults = _repeated("/components", "sku", [one.sku for one in parts])
    if parts and request.stocked:
        words = ("of a bundle only its components are stocked", "组合商品本身不管理库存")
        faults.append(Fault("bundle_stocked", words, "/stocked"))
    for index, part in enumerate(parts):
        place = f"/components/{index}/sku"
        if part.sku == sku:
            faults.append(_nested(sku, place))
        else:
            faults += component_faults(found.get(part.sku), part.sku, request.currency, place)
    return faults


def component_faults(product: Product | None, sku: str, currency: str, place: str) -> list[Fault]:
    """Return what is wrong with a product as a component of a bundle that is priced in the currency."""
    words: Words
    if product is None:
        words = (f"there is no product {sku}", f"没有商品 {sku}")
        return [Fault("unknown_sku", words, place, meta={"sku": sku})]
    if product.components:
        return [_nested(sku, place)]
    if not product.stocked:
        words = (f"the component {sku} is not stocked", f"组成商品 {sku} 不管理库存")
        return [Fault("component_not_stocked", words, place, meta={"sku": sku})]
    if product.currency != currency:
        other = product.currency
        words = (f"the component {sku} is priced in {other}", f"组成商品 {sku} 以 {other} 计价")
        return [Fault("currency_mismatch", words, place, meta={"sku": sku, "currency": other})]
    return []


def _nested(sku: str, place: str) -> Fault:
    words = (f"{sku} is a bundle and cannot be a component", f"{sku} 是组合商品，不能作为组成商品")
    return Fault("nested_bundle", words, place, meta={"sku": sku})


def _repeated(place: str, field: str, values: Sequence[object]) -> list[Fault]:
    return [
        Fault("duplicate", (f"{value} is there twice", f"{value} 重复"), f"{place}/{index}/{field}")
        for index, value in enumerate(values)
        if value in values[:index]
    ]
