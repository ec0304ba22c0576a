"""What a bank line may belong to: looked up by its references, its amount and who it comes from."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import accumulate, combinations
from typing import Final

from soms.billing import balances, store
from soms.billing.bank import bank_lines, payouts, scoring
from soms.billing.bank.bank_line import PROVIDERS, Aim, BankLine, Candidate, method_of
from soms.billing.bank.scoring import Agreement
from soms.billing.cash import collecting, refunds
from soms.billing.cash.payment import MOST_AT_ONCE, OFFLINE, Payment
from soms.billing.cash.refund import Refund
from soms.billing.model import OpenItem
from soms.catalog.model import Settings
from soms.customers import search, terms
from soms.customers import store as customers

CREDIT: Final = "customer_credit"
MOST_BUYERS: Final = 3


def found(line: BankLine, settings: Settings) -> tuple[Candidate, ...]:
    """Return the candidates of a line, best first."""
    offline = sorted(OFFLINE | {one.id for one in settings.payment_methods})
    methods = [method_of(line.source)] if line.is_provider else offline
    if line.kind == "payout":
        return ()
    if line.amount <= 0:
        return scoring.ranked(list(_refunds(line, methods)))
    if line.is_provider:
        return scoring.ranked(list(_payments(line, methods)))
    paid = [*_payments(line, methods), *_of_amount(line)]
    return scoring.ranked([*paid, *_named(line), *_owing(line)])


def _payments(line: BankLine, methods: Sequence[str]) -> Iterator[Candidate]:
    """Yield recorded payments that the line names by reference."""
    names = line.names if line.is_provider else scoring.references(line)
    wanted = [collecting.id_of(method, name) for method in methods for name in names]
    for payment in balances.payments(wanted).values():
        if _is_waiting(payment, line):
            yield _of_payment(line, payment, is_named=True)


def _refunds(line: BankLine, methods: Sequence[str]) -> Iterator[Candidate]:
    """Yield refunds that the line names by reference, or that come to exactly its amount."""
    names = line.names if line.is_provider else scoring.references(line)
    named = {refunds.id_of(method, name) for method in methods for name in names}
    rows = balances.with_amount(line.currency, line.amount)
    same = {str(row["id"]) for row in rows if row["kind"] == "refund"}
    for name in sorted(named | same):
        found = refunds.find(name)
        if not isinstance(found, Refund) or found.is_cleared or found.status != "done":
            continue
        if found.currency != line.currency or not set(found.methods) <= set(methods):
            continue
        aim = Aim(kind="refund", id=found.id, number=found.reference, amount=found.amount)
        day = date.fromisoformat((found.decided_at or found.requested_at)[:10])
        known = bank_lines.customer_of(line.payer_account) == found.customer_id
        agreement = Agreement(name in named, found.amount, [day], found.customer_name, is_known_account=known)
        yield _candidate(line, [aim], agreement, found.customer_id)


def _of_amount(line: BankLine) -> Iterator[Candidate]:
    """Yield what is uncleared and comes to exactly the line's amount: payments, and payouts of providers."""
    rows = balances.with_amount(line.currency, line.amount)
    wanted = [str(row["id"]) for row in rows if row["kind"] == "payment"]
    for payment in balances.payments(wanted).values():
        if _is_waiting(payment, line) and payment.method not in PROVIDERS.values():
            yield _of_payment(line, payment, is_named=False)
    for row in rows:
        if row["kind"] == "bank_line":
            yield _of_payout(line, bank_lines.of(row))


def _is_waiting(payment: Payment, line: BankLine) -> bool:
    return (
        payment.currency == line.currency
        and payment.status == "received"
        and payment.uncleared > 0
        and payment.method != CREDIT
    )


def _of_payment(line: BankLine, payment: Payment, *, is_named: bool) -> Candidate:
    aim = Aim(
        kind="payment",
        id=payment.id,
        number=payment.reference,
        amount=min(payment.uncleared, abs(line.amount)),
    )
    known = bank_lines.customer_of(line.payer_account) == payment.customer_id
    agreement = Agreement(
        is_named, payment.uncleared, [payment.received_on], payment.customer_name, is_known_account=known
    )
    return _candidate(line, [aim], agreement, payment.customer_id)


def _of_payout(line: BankLine, payout: BankLine) -> Candidate:
    aim = Aim(kind="payout", id=payout.id, number=payout.payout, amount=abs(payout.amount))
    told = line.text.casefold()
    named = payout.source.partition(".")[0] in told or (payout.payout or "-").casefold() in told
    days = [day for day in (payout.booked_on, payout.value_on) if day]
    agreement = Agreement(named, abs(payout.amount), days, None, is_known_account=False)
    found = _candidate(line, [aim], agreement, None)
    if not payouts.check(payout).difference:
        return found
    # Its rows do not come to it: somebody should look, even where all else agrees.
    doubted = {**found.reasons, "rows_differ": -scoring.POINTS["amount"]}
    return found.model_copy(update={"reasons": doubted, "score": scoring.score(doubted)})


def _named(line: BankLine) -> Iterator[Candidate]:
    """Yield the open invoices whose numbers the line names, each and all together."""
    ids = [
        one
        for series, ordinal in scoring.numbers(line)[:MOST_AT_ONCE]
        if (one := store.numbered(series, ordinal))
    ]
    items = [one for one in balances.open_items(ids) if one.open > 0 and one.currency == line.currency]
    for customer in dict.fromkeys(one.customer_id for one in items):
        of_customer = [one for one in items if one.customer_id == customer]
        yield _of_invoices(line, of_customer, is_named=True)


def _owing(line: BankLine) -> Iterator[Candidate]:
    """Yield the open invoices of whoever the line comes from that make up its amount."""
    for customer in _payers(line):
        held = balances.open_items(balances.owing(customer, limit=MOST_AT_ONCE))
        items = [one for one in held if one.open > 0 and one.currency == line.currency]
        items.sort(key=lambda one: (one.due_on, one.number))
        for several in _making_up(line.amount, items):
            yield _of_invoices(line, several, is_named=False)


def _making_up(amount: Decimal, items: Sequence[OpenItem]) -> Iterator[list[OpenItem]]:
    """Yield single invoices, the oldest ones together, and pairs that come to exactly the amount."""
    sums = list(accumulate(one.open for one in items))
    yield from ([one] for one in items if one.open == amount)
    if amount in sums[1:]:
        yield list(items[: sums.index(amount) + 1])
    yield from (list(pair) for pair in combinations(items, 2) if pair[0].open + pair[1].open == amount)


def _payers(line: BankLine) -> list[str]:
    """Return the customers that the line may come from."""
    known = bank_lines.customer_of(line.payer_account)
    if known:
        return [known]
    if line.payer and len(scoring.plain(line.payer)) >= scoring.SHORTEST_NAME:
        return _called(line.payer)
    return []


def _called(name: str) -> list[str]:
    """Return the customers whose names have the words of this one."""
    wanted = terms.asked(name)
    if not wanted:
        return []
    found, _ = search.found(wanted, lambda one: one.status == "active", limit=MOST_BUYERS, after=None)
    return [one.id for one in found]


def _of_invoices(line: BankLine, items: Sequence[OpenItem], *, is_named: bool) -> Candidate:
    left, aims = line.amount, []
    for one in items:
        taken = min(one.open, left)
        if taken > 0:
            aims.append(Aim(kind="invoice", id=one.id, number=one.number, amount=taken))
        left -= taken
    customer = customers.find(items[0].customer_id)
    days: list[date] = [day for one in items for day in (one.due_on, one.issued_on)]
    agreement = Agreement(
        is_named,
        sum((one.open for one in items), Decimal(0)),
        days,
        customer.name if customer else None,
        is_known_account=bank_lines.customer_of(line.payer_account) == items[0].customer_id,
    )
    return _candidate(line, aims, agreement, items[0].customer_id)


def _candidate(
    line: BankLine, aims: Sequence[Aim], agreement: Agreement, customer_id: str | None
) -> Candidate:
    found = scoring.reasons(line, agreement)
    return Candidate(
        aims=tuple(aims),
        score=scoring.score(found),
        reasons=found,
        customer_id=customer_id,
        customer_name=agreement.customer_name,
    )
