"""Which rules ask for a second pair of eyes, on which figures, and who has decided: pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from soms.catalog.model import ApprovalRule
from soms.kit import money
from soms.orders.model import Asked, Bundle, Line, Order, Waiting
from soms.orders.pricing import Facts

HUNDREDTH = Decimal("0.01")
HUNDRED = Decimal(100)
ZERO = Decimal(0)


@dataclass(frozen=True)
class Inputs:
    """The figures that rules look at, amounts in the order's currency, the rest in percent.

    `rise` is by how much the customer's exposure would grow; `available` is None without a limit.
    """

    total: Decimal
    currency: str
    discount: Decimal
    margin: Decimal | None
    below_list: tuple[int, ...]
    rise: Decimal
    available: Decimal | None
    first_order: bool


def inputs(order: Order, facts: Facts, rise: Decimal) -> Inputs:
    """Return the figures of an order; the margin counts only lines whose product has a cost."""
    costed = [
        (line.net, cost * line.in_force)
        for line in order.lines
        if not line.charge and (cost := _cost(line.sku, facts)) is not None
    ]
    net = sum((one for one, _ in costed), ZERO)
    cost = sum((one for _, one in costed), ZERO)
    account = facts.account
    return Inputs(
        total=order.total,
        currency=order.currency,
        discount=_percent(order.discount, order.subtotal) or ZERO,
        margin=_percent(net - cost, net) if net or not cost else -HUNDRED,
        below_list=tuple(
            line.line
            for line in order.lines
            if _below_list(line.bundle or line)
        ),
        rise=rise,
        available=account.credit_available if account else None,
        first_order=account is not None and not account.orders,
    )


def asked(rules: Iterable[ApprovalRule], given: Inputs, company_currency: str) -> tuple[Asked, ...]:
    """Return the rules that ask, each with the figures it was decided on."""
    found = []
    for rule in rules:
        held = [_total(rule, given, company_currency), _discount(rule, given), _margin(rule, given)]
        held += [_list(rule, given), _credit(rule, given), _newcomer(rule, given)]
        wanted = [one for one in held if one is not None]
        if wanted and all(wanted):
            told = {name: text for one in wanted for name, text in one.items()}
            found.append(Asked(rule=rule.id, name=rule.name, inputs=told, approvers=rule.approvers))
    return tuple(found)


def is_worse(now: Inputs, was: Inputs) -> bool:
    """Tell whether any figure that rules look at has got worse than it was."""
    margins = was.margin, now.margin
    return (
        now.total > was.total
        or now.discount > was.discount
        or (margins[1] is not None and (margins[0] is None or margins[1] < margins[0]))
        or not set(now.below_list) <= set(was.below_list)
        or now.rise > ZERO
    )


def decided(waiting: Waiting, groups: Iterable[str], by: str, at: str) -> Waiting:
    """Return what waits with every rule decided that these groups may decide."""
    mine = set(groups)
    rules = tuple(
        one.model_copy(update={"decided_by": by, "decided_at": at})
        if one.decided_by is None and mine & set(one.approvers)
        else one
        for one in waiting.rules
    )
    return waiting.model_copy(update={"rules": rules})


def may_decide(waiting: Waiting, groups: Iterable[str]) -> bool:
    """Tell whether there is a rule left for these groups to decide."""
    mine = set(groups)
    return any(one.decided_by is None and mine & set(one.approvers) for one in waiting.rules)


# What a condition found: None where the rule has no such condition, empty where it does not hold.
Found = dict[str, str] | None


def _total(rule: ApprovalRule, given: Inputs, company_currency: str) -> Found:
    if rule.total_above is None:
        return None
    if given.currency != (rule.currency or company_currency) or given.total <= rule.total_above:
        return {}
    return {"total": money.text(given.total, given.currency), "total_above": _plain(rule.total_above)}


def _discount(rule: ApprovalRule, given: Inputs) -> Found:
    if rule.discount_above is None:
        return None
    if given.discount <= rule.discount_above:
        return {}
    return {"discount_percent": _plain(given.discount), "discount_above": _plain(rule.discount_above)}


def _margin(rule: ApprovalRule, given: Inputs) -> Found:
    if rule.margin_below is None:
        return None
    if given.margin is None or given.margin >= rule.margin_below:
        return {}
    return {"margin_percent": _plain(given.margin), "margin_below": _plain(rule.margin_below)}


def _list(rule: ApprovalRule, given: Inputs) -> Found:
    if not rule.below_list:
        return None
    return {"lines_below_list": ", ".join(map(str, given.below_list))} if given.below_list else {}


def _credit(rule: ApprovalRule, given: Inputs) -> Found:
    if not rule.credit_exceeded:
        return None
    if given.available is None or given.rise <= given.available:
        return {}
    return {"needed": _plain(given.rise), "credit_available": _plain(given.available)}


def _newcomer(rule: ApprovalRule, given: Inputs) -> Found:
    if not rule.new_customer:
        return None
    return {"earlier_orders": "0"} if given.first_order else {}


def _below_list(sold: Line | Bundle) -> bool:
    return sold.list_price is not None and sold.unit_price < sold.list_price


def _cost(sku: str, facts: Facts) -> Decimal | None:
    product = facts.products.get(sku)
    return product.cost if product else None


def _percent(part: Decimal, whole: Decimal) -> Decimal | None:
    """Return part of whole in percent, half up to two decimals, or None of nothing."""
    return (part * 100 / whole).quantize(HUNDREDTH, ROUND_HALF_UP) if whole else None


def _plain(value: Decimal) -> str:
    return format(value, "f")
