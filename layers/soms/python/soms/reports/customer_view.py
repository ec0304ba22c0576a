"""A customer seen from all sides: what it owes, buys and needs, and everything that is kept of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import islice
from typing import Final

from soms.billing.receivables.ageing import NOT_DUE
from soms.catalog import store as catalog
from soms.catalog.commands import zone
from soms.customers import credit, endings
from soms.customers import store as customers
from soms.customers.credit import Owed
from soms.customers.model import Account, Customer
from soms.kit import aws, items, money
from soms.orders import store as orders
from soms.reports import customer_money
from soms.reports.customer_money import Paid, notice

RECENT: Final = 10
INVOICES: Final = 25
EXPORTED: Final = 1000
NEARLY: Final = Decimal("0.9")
"""From this part of its credit limit on a customer has nearly used it."""
SOON: Final = timedelta(days=30)
SILENT: Final = timedelta(days=90)
ROW: Final = (
    *("id", "number", "status", "placed_at", "currency", "total", "invoiced", "paid"),
    *("fulfilment", "invoicing", "payment", "salesperson"),
)
Row = dict[str, object]


@dataclass(frozen=True)
class Known:
    """All that a summary is made of, as read on a company day."""

    customer: Customer
    account: Account | None
    owed: Sequence[Owed]
    open_orders: Sequence[items.Item]
    recent: Sequence[items.Item]
    today: date
    paid: Paid = field(default_factory=Paid)

    @property
    def overdue(self) -> list[Owed]:
        """Return the invoices that should have been paid."""
        return [one for one in self.owed if one.days_overdue(self.today)]

    @cached_property
    def ages(self) -> dict[str, Decimal]:
        """Return what is owed by age."""
        return customer_money.by_age(self.owed, self.today)

    @property
    def late(self) -> Decimal:
        """Return how much should have been paid: of an invoice in instalments, those that fell due."""
        return sum(self.ages.values(), Decimal(0)) - self.ages[NOT_DUE]

    def text(self, value: Decimal) -> str:
        """Write an amount in the customer's currency."""
        currency = self.customer.currency
        return money.text(money.rounded(value, currency), currency)


def summary(customer: Customer, *, now: datetime) -> dict[str, object]:
    """Return the view of a customer without its profile; its cost does not grow with the history."""
    known = _known(customer, now)
    account = known.account
    limited = account is not None and account.credit_available is not None
    return {
        "currency": customer.currency,
        "outstanding": known.text(_sum(known.owed)),
        "overdue": known.text(known.late),
        "ageing": {age: known.text(value) for age, value in known.ages.items()},
        "unapplied": known.text(known.paid.unapplied(customer.currency)),
        "credit_limit": None if customer.credit_limit is None else known.text(customer.credit_limit),
        "credit_available": known.text(_available(known)) if limited else None,
        "orders": {
            "count": account.orders if account else None,
            "open": len(known.open_orders),
            "total": known.text(account.ordered) if account else None,
        },
        "recent_orders": [_order(row) for row in known.recent],
        "open_invoices": [_invoice(one, known) for one in known.owed[:INVOICES]],
        "open_invoice_count": len(known.owed),
        "payments": [customer_money.payment(one) for one in known.paid.last],
        "attention": list(_attention(known)),
    }


def everything(customer: Customer, *, after: str | None) -> tuple[dict[str, object], str | None]:
    """Return all that is kept of a customer beside its profile, a page of its orders, and where that ends."""
    account = customers.account(customer.id)
    page = orders.listed(by="customer", value=customer.id, between=("0", "9"), limit=EXPORTED, after=after)
    merged = [customers.get(one) for one in endings.merged_into(customer.id)]
    told: dict[str, object] = {
        "account": account and account.model_dump(mode="json", exclude={"seq"}),
        "merged_from": [one.model_dump(mode="json", exclude={"said", "terms"}) for one in merged],
        "orders": [{name: row.get(name) for name in ("id", "number", "placed_at")} for row in page.rows],
    }
    return told, page.next_position


def _known(customer: Customer, now: datetime) -> Known:
    settings, account = aws.get_many([catalog.SETTINGS, customers.account_key(customer.id)], consistent=True)
    open_orders = list(orders.open_of(customer.id))
    over = islice(orders.over_of(customer.id, limit=RECENT), RECENT)
    recent = sorted((*open_orders[:RECENT], *over), key=lambda row: str(row["placed_key"]), reverse=True)
    return Known(
        customer=customer,
        account=Account.model_validate(account) if account else None,
        owed=credit.owing(customer.id),
        open_orders=open_orders,
        recent=recent[:RECENT],
        today=now.astimezone(zone(catalog.settings_of(settings))).date(),
        paid=customer_money.paid(customer.id),
    )


def _sum(owed: Sequence[Owed]) -> Decimal:
    return sum((one.open for one in owed), Decimal(0))


def _available(known: Known) -> Decimal:
    """Return what may still be bought on credit: of a limit that has ended only what is paid beforehand."""
    held = known.account.credit_available if known.account else None
    ended = known.customer.limit_has_ended(known.today)
    return (held or Decimal(0)) - ((known.customer.credit_limit or Decimal(0)) if ended else Decimal(0))


def _order(row: items.Item) -> Row:
    return {name: row.get(name) for name in ROW}


def _invoice(one: Owed, known: Known) -> Row:
    shown = one.model_dump(mode="json") | {"total": known.text(one.total), "open": known.text(one.open)}
    return shown | {"days_overdue": one.days_overdue(known.today)}


def _attention(known: Known) -> Iterator[Row]:
    if overdue := known.overdue:
        amount, days = known.text(known.late), overdue[0].days_overdue(known.today)
        yield notice(
            "overdue_invoices",
            f"Overdue invoices: {len(overdue)}, {amount} in all, the oldest by {days} days.",
            f"{len(overdue)} 张发票已逾期，共 {amount}，最长逾期 {days} 天。",
        )
    owed, paid, currency = known.owed, known.paid, known.customer.currency
    yield from customer_money.attention(owed, paid, currency, known.today, known.text)
    yield from _of_credit(known)
    yield from _of_orders(known)


def _of_credit(known: Known) -> Iterator[Row]:
    limit, until = known.customer.credit_limit, known.customer.credit_limit_until
    if limit is None or known.account is None:
        return
    used = known.account.exposure
    if used > 0 and used >= limit * NEARLY:
        yield notice(
            "credit_nearly_used",
            f"{known.text(used)} of the credit limit of {known.text(limit)} are used.",
            f"信用额度 {known.text(limit)} 已使用 {known.text(used)}。",
        )
    if until is None or until - known.today > SOON:
        return
    if known.customer.limit_has_ended(known.today):
        yield notice("limit_expired", f"The credit limit ended on {until}.", f"信用额度已于 {until} 到期。")
    else:
        yield notice("limit_expiring", f"The credit limit ends on {until}.", f"信用额度将于 {until} 到期。")


def _of_orders(known: Known) -> Iterator[Row]:
    held = sum(bool(row.get("holds")) for row in known.open_orders)
    if held:
        yield notice("orders_on_hold", f"Orders on hold: {held}.", f"{held} 张订单被暂停。")
    waiting = sum(row["status"] == "pending_approval" for row in known.open_orders)
    if waiting:
        yield notice(
            "orders_waiting_for_approval",
            f"Orders waiting for approval: {waiting}.",
            f"{waiting} 张订单等待审批。",
        )
    last = str(known.recent[0]["placed_at"]) if known.recent else known.customer.created_at
    days = (known.today - date.fromisoformat(last[:10])).days
    if known.customer.status == "active" and days > SILENT.days:
        yield notice("no_recent_order", f"No order for {days} days.", f"已 {days} 天没有订单。")
