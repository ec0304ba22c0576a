"""What moves: open items, payments, the deposits of orders, and how far the books are closed."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Final

from soms.billing.cash.credit_use import CreditUse
from soms.billing.cash.payment import Payment
from soms.billing.model import OpenItem
from soms.billing.periods import Periods
from soms.kit import aws, ids, items, money, paging
from soms.kit.problems import NotFound, Problem
from soms.kit.settings import Setting
from soms.kit.writes import Held, Rank, Refusal, Stale, Writes

SHARDS: Final = 4
INVOICES: Final = ("0", "9~")
PAYMENTS: Final = ("p#", "p~")
"""Where in a customer's list invoices lie, by day, and where payments."""
LOOKED_AT: Final = 50
STATES: Final = ("unapplied", "received", "bounced", "applied")
"""Payments with money left, that settle all they can, whose money did not come; and credit that was used."""
DEPOSIT: Final = "deposit#"
AMOUNTS: Final = ("net", "tax", "total", "credited", "paid", "written_off", "open")
PERIODS: Final[tuple[Setting, Mapping[str, object]]] = (
    Setting.BILLING,
    {"pk": "periods", "sk": "periods"},
)
Key = tuple[Setting, Mapping[str, object]]


class NoMoney(Problem):
    """Customer credit was used: what may be done, is done to the payments it came from."""

    status = 409
    code = "no_money_of_its_own"
    title = ("This used the money of other payments", "该笔为余额支付，没有自己的资金")
    detail = (
        "Take back, give back or bounce the payments that `meta.sources` names.",
        "请对 meta.sources 所列的收款进行操作。",
    )


def open_key(document_id: str) -> Key:
    """Return where it is kept what is owed on a document."""
    return Setting.BILLING, {"pk": document_id, "sk": "open"}


def payment_key(payment_id: str) -> Key:
    """Return where a payment is kept."""
    return Setting.BILLING, {"pk": payment_id, "sk": "payment"}


def open_item_of(held: items.Item) -> OpenItem:
    """Return the open item an item holds, its amounts with the currency's digits."""
    item = OpenItem.model_validate(held)
    return item.model_copy(
        update={name: money.rounded(getattr(item, name), item.currency) for name in AMOUNTS}
    )


def open_items(document_ids: Iterable[str]) -> list[OpenItem]:
    """Return what is owed on each of the documents, strongly consistent; those without are left out."""
    found = aws.get_many([open_key(one) for one in document_ids], consistent=True)
    return [open_item_of(one) for one in found if one]


def put_open_item(writes: Writes, item: OpenItem, *, before: OpenItem | None) -> None:
    """Write what is owed over what was read."""
    shard = ids.shard(item.id, SHARDS)
    held: items.Item = item.model_dump(mode="json", exclude_none=True) | {
        **open_key(item.id)[1],
        "kind": "open_item",
        "open": item.open,
        "seq": item.seq,
        "status_shard": f"{item.status}#{shard}",
        "issued_key": f"{item.issued_on}#{item.number}",
    }
    if item.status == "open":
        held |= {
            "due_shard": f"due#{shard}",
            "due_key": f"{item.due_on}#{item.number}",
            "owing": item.customer_id,
            "owing_key": f"{item.due_on}#{item.number}",
        }
    _put(writes, held, seq=before.seq if before else None, rank=Rank.STATE, refused=_stale)


def payment_of(held: items.Item | None) -> Payment | None:
    """Return the payment an item holds, or None."""
    return Payment.model_validate(held) if held and held["kind"] == "payment" else None


def credit_use(used_id: str) -> CreditUse | None:
    """Return what was paid with customer credit by this id, or None, strongly consistent."""
    return credit_use_of(aws.get(*payment_key(used_id), consistent=True))


def credit_uses(used_ids: Iterable[str]) -> list[CreditUse]:
    """Return those of the uses of customer credit that exist, strongly consistent."""
    found = aws.get_many([payment_key(one) for one in used_ids], consistent=True)
    return [one for one in map(credit_use_of, found) if one]


def credit_use_of(held: items.Item | None) -> CreditUse | None:
    """Return the use of customer credit an item holds, or None."""
    return CreditUse.model_validate(held) if held and held["kind"] == "credit_use" else None


def payment(payment_id: str) -> Payment:
    """Return a payment, or raise NotFound, or NoMoney where customer credit was used."""
    found = money_or_credit(payment_id)
    if isinstance(found, CreditUse):
        raise NoMoney(meta={"sources": [one.payment_id for one in found.sources]})
    return found


def money_or_credit(payment_id: str) -> Payment | CreditUse:
    """Return what was recorded as a payment, or raise NotFound."""
    held = aws.get(*payment_key(payment_id), consistent=True)
    found = payment_of(held) or credit_use_of(held)
    if found is None:
        raise NotFound
    return found


def payments(payment_ids: Iterable[str]) -> dict[str, Payment]:
    """Return those of the payments that exist, by id, strongly consistent."""
    found = aws.get_many([payment_key(one) for one in payment_ids], consistent=True)
    return {one.id: one for one in map(payment_of, found) if one}


def insert_payment(writes: Writes, payment: Payment, refused: Refusal) -> None:
    """Write a new payment; `refused` says what it means that there is one by its method and reference."""
    _put(writes, _payment_item(payment), seq=None, rank=Rank.AGGREGATE, refused=refused)
    if payment.order_id:
        place = {"pk": payment.order_id, "sk": f"{DEPOSIT}{payment.id}"}
        writes.put(Setting.BILLING, {**place, "kind": "deposit", "payment": payment.id})


def insert_credit_use(writes: Writes, used: CreditUse, refused: Refusal) -> None:
    """Write what was paid with customer credit, once; `refused` says what it means that it is there."""
    held: items.Item = used.model_dump(mode="json", exclude_none=True) | {
        **payment_key(used.id)[1],
        "kind": "credit_use",
        "status_shard": f"payment_applied#{ids.shard(used.id, SHARDS)}",
        "issued_key": f"p#{used.received_on}#{used.id}",
    }
    _put(writes, held, seq=None, rank=Rank.AGGREGATE, refused=refused)


def put_payment(writes: Writes, payment: Payment, *, before: Payment) -> None:
    """Write a payment over what was read."""
    _put(writes, _payment_item(payment), seq=before.seq, rank=Rank.STATE, refused=_stale)


def of_order(order_id: str) -> tuple[items.Item | None, list[str]]:
    """Return what an order's billing item holds and the payments that were made for it, consistent."""
    rows = list(aws.query(Setting.BILLING, "pk = :order", {":order": order_id}, consistent=True))
    held = next((row for row in rows if row["sk"] == "billing"), None)
    return held, [str(row["payment"]) for row in rows if row.get("kind") == "deposit"]


def owing(customer_id: str, *, limit: int) -> list[str]:
    """Return the invoices a customer still owes, the oldest due first, as the index knows them."""
    values = {":customer": customer_id}
    rows = aws.query(Setting.BILLING, "owing = :customer", values, index="by_owing", limit=limit)
    return [str(row["id"]) for row, _ in zip(rows, range(limit), strict=False)]


def unapplied(customer_id: str, currency: str, *, limit: int, newest_first: bool = False) -> list[str]:
    """Return a customer's payments of a currency with money left, by day, as the index knows them."""
    rows = aws.query(
        Setting.BILLING,
        "owing = :customer",
        {":customer": f"unapplied#{customer_id}"},
        index="by_owing",
        limit=limit,
        newest_first=newest_first,
    )
    return list(islice((str(row["id"]) for row in rows if row["currency"] == currency), limit))


def periods_of(held: items.Item | None) -> Periods:
    """Return how far the books are closed."""
    return Periods.model_validate(held) if held else Periods()


def periods() -> Periods:
    """Return how far the books are closed, strongly consistent."""
    return periods_of(aws.get(*PERIODS, consistent=True))


def put_periods(writes: Writes, periods: Periods, *, before: Periods) -> None:
    """Write how far the books are closed over what was read."""
    held = periods.model_dump(mode="json", exclude_none=True) | {**PERIODS[1], "kind": "periods"}
    _put(writes, held, seq=before.seq or None, rank=Rank.STATE, refused=_stale)


def payments_of(
    customer_id: str | None, *, limit: int, after: str | None, status: str | None = None
) -> paging.Page:
    """Return one page of payments, the newest first: a customer's, or of one status or of all."""
    index, partition, shards = "by_customer", "customer_id", [customer_id or ""]
    if not customer_id:
        states = [status] if status else STATES
        index, partition = "by_status", "status_shard"
        shards = [f"payment_{state}#{shard}" for state in states for shard in range(SHARDS)]
    return paging.listed(
        Setting.BILLING,
        index,
        shards,
        partition=partition,
        key="issued_key",
        limit=limit,
        after=after,
        between=PAYMENTS,
    )


def payment_by(payment_id: str) -> paging.Page:
    """Return the payment of a method and reference, whose id follows from them, as a page of a list."""
    held = aws.get(*payment_key(payment_id), consistent=True)
    return paging.Page([held] if held else [], None)


def invoices(
    *, customer_id: str | None, status: str | None, due_before: date | None, limit: int, after: str | None
) -> paging.Page:
    """Return one page of invoices, newest first; those due before a day by due day, oldest first."""
    if due_before:
        return paging.listed(
            Setting.BILLING,
            "by_due",
            [f"due#{shard}" for shard in range(SHARDS)],
            partition="due_shard",
            key="due_key",
            limit=limit,
            after=after,
            between=("0", str(due_before)),
            newest_first=False,
        )
    if customer_id:
        return paging.listed(
            Setting.BILLING,
            "by_customer",
            [customer_id],
            partition="customer_id",
            key="issued_key",
            limit=limit,
            after=after,
            between=INVOICES,
        )
    states = [status] if status else ["open", "paid", "credited"]
    shards = [f"{state}#{shard}" for state in states for shard in range(SHARDS)]
    return paging.listed(
        Setting.BILLING,
        "by_status",
        shards,
        partition="status_shard",
        key="issued_key",
        limit=limit,
        after=after,
    )


def _payment_item(payment: Payment) -> items.Item:
    moment = f"{payment.received_on}#{payment.id}"
    state = "unapplied" if payment.unapplied else payment.status
    held: items.Item = payment.model_dump(mode="json", exclude_none=True) | {
        **payment_key(payment.id)[1],
        "kind": "payment",
        "seq": payment.seq,
        "unapplied": str(payment.unapplied),
        "status_shard": f"payment_{state}#{ids.shard(payment.id, SHARDS)}",
        "issued_key": f"p#{moment}",
    }
    if payment.uncleared > 0 and payment.status == "received":
        held |= uncleared(payment.id, payment.currency, payment.uncleared, payment.received_on)
    if payment.unapplied:
        held |= {"owing": f"unapplied#{payment.customer_id}", "owing_key": moment}
    return held


def uncleared(name: str, currency: str, amount: Decimal, day: date) -> items.Item:
    """Return the keys under which a bank line finds money that it may be, by its exact amount."""
    shard = ids.shard(name, SHARDS)
    return {"due_shard": f"uncleared#{shard}", "due_key": f"{currency}#{abs(amount)}#{day}#{name}"}


def every_uncleared() -> Iterable[items.Item]:
    """Yield what no bank statement has shown yet: payments, refunds, payouts."""
    for shard in range(SHARDS):
        yield from aws.query(
            Setting.BILLING, "due_shard = :shard", {":shard": f"uncleared#{shard}"}, index="by_due"
        )


def with_amount(currency: str, amount: Decimal) -> list[items.Item]:
    """Return what is uncleared and comes to exactly this amount: payments, refunds, payouts."""
    values = {":amount": f"{currency}#{abs(amount)}#"}
    return [
        row
        for shard in range(SHARDS)
        for row in aws.query(
            Setting.BILLING,
            "due_shard = :shard AND begins_with(due_key, :amount)",
            {":shard": f"uncleared#{shard}", **values},
            index="by_due",
            limit=LOOKED_AT,
        )
    ]


def _put(writes: Writes, held: items.Item, *, seq: int | None, rank: Rank, refused: Refusal) -> None:
    writes.put(
        Setting.BILLING,
        held,
        condition="attribute_not_exists(pk)" if seq is None else "seq = :seq",
        values=None if seq is None else {":seq": seq},
        refused=refused,
        rank=rank,
    )


def _stale(_held: Held) -> Exception:
    return Stale()
