"""What is wrong with settings and tiers beyond the shape of their fields."""

from collections.abc import Sequence
from decimal import Decimal

from soms.catalog.model import ApprovalRule, Tier, Warehouse
from soms.kit import money
from soms.kit.problems import Fault


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


def warehouse_faults(found: Warehouse | None, name: str, pointer: str) -> list[Fault]:
    """Return what is wrong with a warehouse from which goods are to be taken."""
    if found is None:
        return [Fault("unknown_warehouse", ("no such warehouse", "没有该仓库"), pointer)]
    return [] if found.active else [inactive_warehouse(name, pointer)]


def inactive_warehouse(name: str, pointer: str) -> Fault:
    """Return the fault of a warehouse from which nothing is taken any more."""
    words = (f"nothing is taken from {name} any more", f"仓库 {name} 已停用")
    return Fault("inactive_warehouse", words, pointer)


def _repeated(place: str, field: str, values: Sequence[object]) -> list[Fault]:
    return [
        Fault("duplicate", (f"{value} is there twice", f"{value} 重复"), f"{place}/{index}/{field}")
        for index, value in enumerate(values)
        if value in values[:index]
    ]
