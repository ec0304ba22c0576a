"""Random moves on the desk, looked at after each by an oracle that counts in fractions."""

import os
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from soms.billing import accounts
from soms.billing.cash.credit_use import give, usable
from soms.billing.cash.desk import Desk, Posting
from soms.billing.cash.payment import Payment
from soms.billing.cash.vouching import vouchers
from soms.billing.cash.write_off import ACCOUNTS
from soms.billing.model import Allocation, OpenItem
from soms.billing.model import Posting as Leg
from soms.billing.periods import Periods
from soms.billing.voucher import Voucher, sums

from tests.unit.billing.debts import DAY, owed, paid

SEED = os.environ.get("SOMS_SEED", "1")
RUNS = 2000 if os.environ.get("SOMS_LONG") else 60
STEPS = 50
DIGITS = {"CNY": 2, "USD": 2, "JPY": 0, "KWD": 3}
NOW = datetime(2026, 11, 23, tzinfo=UTC)
Held = tuple[Fraction, Fraction]
"""What something settles of an invoice, and what it took of the money for that."""


class Oracle:
    """What there is of money and debts, kept as fractions and moved by the plain words of the rules."""

    def __init__(self) -> None:
        self.total: dict[str, Fraction] = {}
        self.credited: dict[str, Fraction] = {}
        self.held: dict[str, list[tuple[str, Held]]] = {}
        self.came: dict[str, Fraction] = {}
        self.refunded: dict[str, Fraction] = {}
        self.home: dict[str, bool] = {}
        self.bounced: set[str] = set()

    def open(self, item: str) -> Fraction:
        return self.total[item] - self.credited[item] - sum(held[0] for _, held in self.held[item])

    def applied(self, payment: str) -> Fraction:
        return sum(
            (held[1] for row in self.held.values() for source, held in row if source == payment), Fraction(0)
        )

    def left(self, payment: str) -> Fraction:
        if payment in self.bounced:
            return Fraction(0)
        return self.came[payment] - self.refunded[payment] - self.applied(payment)

    def relief(self) -> Fraction:
        """Return by how much the customer owes less because of all that was done but paying itself."""
        settled = sum(
            (
                held[0]
                for row in self.held.values()
                for source, held in row
                if source not in self.home or not self.home[source]
            ),
            Fraction(0),
        )
        back = sum((amount for name, amount in self.refunded.items() if self.home[name]), Fraction(0))
        lost = sum((self.came[one] - self.refunded[one] for one in self.bounced if self.home[one]), Fraction(0))
        return settled - back - lost

    def settle(self, source: str, item: str, settled: Fraction, given: Fraction) -> None:
        old = next((held for name, held in self.held[item] if name == source), (Fraction(0), Fraction(0)))
        kept = [one for one in self.held[item] if one[0] != source]
        self.held[item] = [*kept, (source, (old[0] + settled, old[1] + given))]

    def take(self, source: str, item: str, settled: Fraction, found: Fraction, unit: Fraction) -> None:
        """Take so much of what a source settles back; the money follows in proportion, to the last unit."""
        place = next(at for at, (name, _) in enumerate(self.held[item]) if name == source)
        whole = self.held[item][place][1]
        exact = whole[1] * settled / whole[0]
        assert abs(found - exact) < unit, (found, exact)
        rest = whole[0] - settled, whole[1] - found
        self.held[item][place : place + 1] = [(source, rest)] if rest[0] else []
        assert rest[0] or not rest[1], "money stays where nothing is settled any more"


class Player:
    """Plays the same moves on the desk and to the oracle."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.desk, self.oracle = Desk(), Oracle()
        self.account: dict[tuple[str, str], Fraction] = {}
        self.count = 0
        for number in range(3):
            self._issue(f"inv_{number}", chance.choice(["CNY", "CNY", "KWD"]))

    def _money(self, currency: str, most: int = 100_000) -> Decimal:
        return Decimal(self.chance.randint(1, most)).scaleb(-DIGITS[currency])

    def _up_to(self, most: Decimal) -> Decimal:
        digits = -int(most.as_tuple().exponent)
        whole = int(most.scaleb(digits))
        part = self.chance.choice([whole, self.chance.randint(1, whole)])
        return Decimal(part).scaleb(-digits)

    def _issue(self, name: str, currency: str) -> None:
        total = self._money(currency)
        item = owed(name, str(total), currency)
        self.desk.put(item, [])
        self.oracle.total[name], self.oracle.credited[name] = Fraction(total), Fraction(0)
        self.oracle.held[name] = []
        self._post("receivables", currency, Fraction(total))

    def _post(self, account: str, currency: str, amount: Fraction) -> None:
        self.account[account, currency] = self.account.get((account, currency), Fraction(0)) + amount

    def step(self) -> None:
        self.count += 1
        self.chance.choice(MOVES)(self)
        self.look()

    def pay(self) -> None:
        if len(self.desk.payments) > 5:
            return
        name, currency = f"pay_{self.count}", self.chance.choice(list(DIGITS))
        amount = self._money(currency)
        payment = paid(name, str(amount), currency)
        self.desk.payments[name] = self.desk.read_payments[name] = payment
        self.oracle.came[name], self.oracle.refunded[name] = Fraction(amount), Fraction(0)
        self.oracle.home[name] = payment.home
        self._post("unapplied_cash", currency, -Fraction(amount))

    def _payment(self) -> Payment | None:
        able = [one for one in self.desk.payments.values() if one.unapplied]
        return self.chance.choice(able) if able else None

    def _item(self, *, is_open: bool = True) -> OpenItem | None:
        able = [one for one in self.desk.items.values() if (one.open if is_open else one.allocations)]
        return self.chance.choice(able) if able else None

    def give(self) -> None:
        payment, item = self._payment(), self._item()
        if not payment or not item:
            return
        if payment.currency == item.currency:
            amount = settled = self._up_to(min(payment.unapplied, item.open))
        else:
            amount, settled = self._up_to(payment.unapplied), self._up_to(item.open)
        self.desk.give(payment.id, item.id, amount, settled)
        self.oracle.settle(payment.id, item.id, Fraction(settled), Fraction(amount))

    def use_credit(self) -> None:
        item = self._item()
        sources = usable(self.desk.payments.values(), item.currency, 3) if item else []
        if not item or not sources:
            return
        amount = self._up_to(min(item.open, sum((one.unapplied for one in sources), Decimal(0))))
        taken = give(self.desk, [one.id for one in sources], item.id, amount)
        assert sum(one.amount for one in taken) == amount
        for one, then in zip(taken, sources, strict=False):
            assert (one.payment_id, one.amount) == (then.id, min(amount, then.unapplied))
            amount -= one.amount
            self.oracle.settle(one.payment_id, item.id, Fraction(one.amount), Fraction(one.amount))

    def too_much(self) -> None:
        payment, item = self._payment(), self._item()
        if not payment or not item:
            return
        unit = Decimal(1).scaleb(-DIGITS[payment.currency])
        with pytest.raises(ValueError, match="more than"):
            self.desk.give(payment.id, item.id, payment.unapplied + unit, item.open)
        with pytest.raises(ValueError, match="more than"):
            self.desk.refund(payment.id, payment.unapplied + unit, "rfd", "R")

    def _took(self, undone: int) -> None:
        """Tell the oracle what the desk took back since, as the desk says how the money was split."""
        for one, item in self.desk.undone[undone:]:
            given = Fraction(one.given)
            currency = item.currency
            if one.kind == "payment":
                currency = self.desk.payments[one.source].currency
            unit = Fraction(1, 10 ** DIGITS[currency])
            self.oracle.take(one.source, item.id, Fraction(one.amount), given, unit)

    def take_back(self) -> None:
        item = self._item(is_open=False)
        if not item:
            return
        one = self.chance.choice(item.allocations)
        undone = len(self.desk.undone)
        wanted = self.chance.choice([None, self._up_to(one.amount)])
        self.desk.take_back(one.source, item.id, wanted)
        assert sum(each.amount for each, _ in self.desk.undone[undone:]) == (wanted or one.amount)
        self._took(undone)

    def free(self) -> None:
        item = self._item(is_open=False)
        if not item:
            return
        undone, amount = len(self.desk.undone), self._up_to(item.paid + item.written_off)
        self.desk.free(item.id, amount)
        self._newest_first(item, undone, amount)
        self._took(undone)

    def _newest_first(self, item: OpenItem, undone: int, amount: Decimal) -> None:
        left, expected = amount, []
        for one in reversed(item.allocations):
            if left > 0:
                expected.append((one.source, min(left, one.amount)))
                left -= min(left, one.amount)
        assert [(one.source, one.amount) for one, _ in self.desk.undone[undone:]] == expected

    def credit(self) -> None:
        able = [one for one in self.desk.items.values() if one.creditable]
        if not able or self.chance.random() < 0.5:
            return
        item = self.chance.choice(able)
        undone, amount = len(self.desk.undone), self._up_to(item.creditable)
        self.desk.credit(item.id, amount, "cn")
        self._newest_first(item, undone, max(amount - item.open, Decimal(0)))
        self._took(undone)
        self.oracle.credited[item.id] += Fraction(amount)
        self._post("receivables", item.currency, -Fraction(amount))

    def refund(self) -> None:
        payment = self._payment()
        if payment and self.chance.random() < 0.5:
            amount = self._up_to(payment.unapplied)
            self.desk.refund(payment.id, amount, f"rfd_{self.count}", "R")
            self.oracle.refunded[payment.id] += Fraction(amount)

    def write_off(self) -> None:
        item = self._item()
        if item:
            amount = self._up_to(item.open)
            account = self.chance.choice(list(ACCOUNTS.values()))
            one = Allocation(
                source=f"wof_{self.count}", kind="write_off", account=account, amount=amount, given=amount
            )
            self.desk.write_off(item.id, one, "rounding")
            self.oracle.settle(one.source, item.id, Fraction(amount), Fraction(amount))

    def bounce(self) -> None:
        able = [one for one in self.desk.payments.values() if one.status == "received"]
        if able and self.chance.random() < 0.3:
            payment, undone = self.chance.choice(able), len(self.desk.undone)
            self.desk.bounce(payment.id)
            self._took(undone)
            self.oracle.bounced.add(payment.id)

    def look(self) -> None:
        """Compare everything, in the middle of a command and after its vouchers."""
        for item in self.desk.items.values():
            assert item.open >= 0
            assert Fraction(item.open) == self.oracle.open(item.id)
            told = [(one.source, (Fraction(one.amount), Fraction(one.given))) for one in item.allocations]
            assert told == self.oracle.held[item.id]
        for payment in self.desk.payments.values():
            assert payment.unapplied >= 0
            assert Fraction(payment.unapplied) == self.oracle.left(payment.id)
            assert payment.applied + payment.refunded <= payment.amount
            told = [(one.invoice_id, (Fraction(one.settled), Fraction(one.amount))) for one in payment.allocations]
            assert sorted(told) == sorted(
                (item, held)
                for item, row in self.oracle.held.items()
                for source, held in row
                if source == payment.id
            )
        assert Fraction(self.desk.relief.get("cus_1", Decimal(0))) == self.oracle.relief()
        if self.chance.random() < 0.5:
            self._file()

    def _file(self) -> None:
        posting = Posting(f"evt_{self.count}", DAY, Periods(), NOW, "clerk")
        for voucher in vouchers(self.desk, posting):
            for debit, credit in sums(voucher.postings, voucher.currency).values():
                assert debit == credit, voucher
            for leg, currency in legs(voucher):
                self._post(leg.account, currency, Fraction(leg.debit) - Fraction(leg.credit))
        assert vouchers(self.desk, posting) == []
        for currency in DIGITS:
            owed = [one.open for one in self.desk.items.values() if one.currency == currency]
            left = [one.unapplied for one in self.desk.payments.values() if one.currency == currency]
            assert self.account.get(("receivables", currency), 0) == Fraction(sum(owed, Decimal(0)))
            assert self.account.get(("unapplied_cash", currency), 0) == -Fraction(sum(left, Decimal(0)))


def legs(voucher: Voucher) -> Iterator[tuple[Leg, str]]:
    for leg in voucher.postings:
        assert min(leg.debit, leg.credit) >= 0
        yield leg, leg.currency or voucher.currency


MOVES: tuple[Callable[[Player], None], ...] = (
    *(Player.pay, Player.give, Player.give, Player.give, Player.too_much, Player.take_back),
    *(Player.use_credit, Player.free, Player.credit, Player.refund, Player.write_off, Player.bounce),
)


def play(runs: int) -> None:
    for run in range(runs):
        player = Player(random.Random(f"{SEED} {run}"))  # noqa: S311 a sample, not a secret
        for _ in range(STEPS):
            player.step()


def test_whatever_is_moved_sums_are_exact_nothing_is_below_zero_and_vouchers_balance() -> None:
    play(RUNS)


# Planted bugs: what a careless hand could get wrong, and the oracle must notice.


def _all_of_it(one: Allocation, amount: Decimal) -> tuple[Allocation, Allocation | None]:
    if amount == one.amount:
        return one, None
    rest = one.model_copy(update={"amount": one.amount - amount, "given": one.given * 0})
    return one.model_copy(update={"amount": amount}), rest


def _oldest_first(item: OpenItem, amount: Decimal) -> tuple[OpenItem, tuple[Allocation, ...]]:
    turned = item.model_copy(update={"allocations": item.allocations[::-1]})
    after, undone = FREED(turned, amount)
    return after.model_copy(update={"allocations": after.allocations[::-1]}), undone


FREED = OpenItem.freed
BUGS: dict[str, tuple[object, str, object]] = {
    "money that is not given back": (Payment, "taken_back", lambda payment, *_: payment),
    "all of the money with a part of the debt": (Allocation, "split", _all_of_it),
    "the oldest money first": (OpenItem, "freed", _oldest_first),
    "a debt nobody is relieved of": (Desk, "_relieve", lambda *_: None),
    "a refund that leaves the money there": (Payment, "refunded_by", lambda payment, _amount: payment),
    "a bounced payment that still has money": (Payment, "bounced", lambda payment: payment),
    "a credit note that takes nothing off": (OpenItem, "credited_by", lambda item, *_: item),
}


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_noticed(monkeypatch: pytest.MonkeyPatch, bug: str) -> None:
    monkeypatch.setattr(*BUGS[bug])

    with pytest.raises((AssertionError, ValueError, KeyError)):
        play(RUNS)


@pytest.mark.parametrize(
    "kind", ["allocation", "unallocation", "refund", "bounce", "write_off", "write_off_reversal"]
)
def test_a_rule_that_posts_on_the_wrong_side_is_noticed(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    turned = tuple(accounts.Leg(one.account, one.amount, debit=not one.debit) for one in accounts.RULES[kind])
    monkeypatch.setattr(accounts, "RULES", {**accounts.RULES, kind: turned})

    with pytest.raises(AssertionError):
        play(RUNS)
