"""Makes random bodies of commands, right and wrong, as they are sent and as the oracle takes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from tests.properties.order_books import Return
from tests.properties.order_figures import Asked, Change, Edit, Order, Rule, Terms
from tests.properties.order_oracle import Company

AMOUNTS = {"CNY": ("0.01", "3.33", "25.00"), "JPY": ("1", "50", "333"), "KWD": ("0.001", "0.125", "2.000")}
TOO_FINE = {"CNY": "0.001", "JPY": "0.5", "KWD": "0.0001"}
PERCENTS = ("3.33", "10", "12.5", "50", "100")
PRICES = ("0.333333", "7.77", "12", "0")


@dataclass(frozen=True)
class Bodies:
    """Bodies for the company as it is."""

    dice: Random
    company: Company

    def sku(self, currency: str) -> str:
        roll = self.dice.random()
        if roll < 0.02:
            return "NOTHING"
        ours = [one.sku for one in self.company.products.values() if one.currency == currency]
        return self.dice.choice(sorted(self.company.products) if roll < 0.04 else ours)

    def rule(self, currency: str, often: float = 0.25) -> Rule | None:
        roll = self.dice.random()
        if roll >= often:
            return None
        if roll < 0.01:
            return "amount", TOO_FINE[currency]
        if roll < often / 2:
            return "amount", self.dice.choice(AMOUNTS[currency])
        return "percent", self.dice.choice(PERCENTS)

    def order_rule(self, currency: str) -> Rule | None:
        return self.rule(currency, 0.3)

    def basket(self, currency: str) -> list[Asked]:
        """Return lines, sometimes the same product twice, sometimes carriage."""
        dice = self.dice
        if currency == "CNY" and dice.random() < 0.15:
            return [Asked("GIFT", dice.randint(1, 3))]
        asked = [
            Asked(
                self.sku(currency),
                self.many(),
                dice.choice(PRICES) if dice.random() < 0.06 else None,
                self.rule(currency),
            )
            for _ in range(dice.choice([1, 1, 2, 3]))
        ]
        if dice.random() < 0.3:
            asked.append(self.carriage(currency))
        return asked

    def carriage(self, currency: str) -> Asked:
        rate = self.dice.choice(["0.06", "0.13", "0"])
        return Asked(None, 1, self.dice.choice(AMOUNTS[currency]), rate=rate)

    def many(self) -> int:
        return self.dice.choice([1, 2, 3, 3, 5, 7, 7, 12, 45])

    def terms(self, *, often: float) -> Terms:
        """Return what is said of waiting: often that goods may, seldom who goes first or what leaves at once."""
        dice, terms = self.dice, dict[str, object]()
        if dice.random() < often:
            terms["backorder"] = dice.choice(["allow", "allow", "allow", "reject"])
        if dice.random() < often / 5:
            terms["delivery"] = dice.choice(["complete", "complete", "partial"])
        if dice.random() < often / 4:
            terms["priority"] = dice.choice([1, 4, 5, 9])
        return terms

    def order(
        self,
        customer: str,
        asked: Sequence[Asked],
        rule: Rule | None,
        terms: Terms | None = None,
        *,
        draft: bool,
    ) -> dict[str, object]:
        body: dict[str, object] = {
            "customer_id": customer,
            "lines": [self.line(one) for one in asked if one.sku],
            "status": "draft" if draft else "confirmed",
            **(terms or {}),
        }
        charge = next((one for one in asked if not one.sku), None)
        if charge:
            body["shipping"] = _shipping(charge)
        return body | ({"discount": _discount(rule)} if rule else {})

    def line(self, asked: Asked) -> dict[str, object]:
        body: dict[str, object] = {"sku": asked.sku, "quantity": asked.units}
        if asked.price is not None:
            body["unit_price"] = asked.price
        return body | ({"discount": _discount(asked.rule)} if asked.rule else {})

    def expiry(self) -> datetime:
        hours = self.dice.choice([1, 1, 5, 30, 200, -1 if self.dice.random() < 0.1 else 60])
        return self.company.now + timedelta(hours=hours)

    def change(self, order: Order) -> Change:
        """Return an amendment: more, less, other prices or discounts, new lines, carriage."""
        dice, currency = self.dice, order.currency
        numbers = [line.number for line in order.goods]
        dice.shuffle(numbers)
        edits = [self.edit(order, number) for number in numbers[: dice.choice([0, 1, 1, 2])]]
        if dice.random() < 0.03:
            edits.append(Edit(99, 1))
        if dice.random() < 0.03 and edits and edits[0].number and order.status != "draft":
            edits.append(Edit(edits[0].number, edits[0].units))
        if dice.random() < 0.25 or not edits:
            price = dice.choice(PRICES) if dice.random() < 0.1 else None
            rule = self.rule(currency)
            edits.append(Edit(None, self.many(), self.sku(currency), price, rule, says_rule=rule is not None))
        says, rule, charge = set(), None, None
        if dice.random() < 0.12:
            says.add("discount")
            rule = self.rule(currency, 0.8)
        if dice.random() < 0.12 and any(edit.units is None or edit.units for edit in edits):
            says.add("shipping")
            charge = self.carriage(currency) if dice.random() < 0.7 else None
        return Change(tuple(edits), rule, charge, frozenset(says), self.terms(often=0.15))

    def edit(self, order: Order, number: int) -> Edit:
        dice, line = self.dice, order.line(number)
        now = line.in_force if line else 1
        units = dice.choice([now + 1, now + 4, max(now - 1, 0), max(now - 2, 1), 0, None])
        price = dice.choice(PRICES) if dice.random() < 0.2 else None
        says = dice.random() < 0.15
        rule = self.rule(order.currency, 0.8) if says else None
        if units is None and price is None and not says:
            units = now + 2
        return Edit(number, units, "", price, rule, says_rule=says)

    def amendment(self, change: Change) -> dict[str, object]:
        body = dict(change.terms)
        if change.edits:
            body["lines"] = [_edit(one) for one in change.edits]
        if "discount" in change.says:
            body["discount"] = _discount(change.rule)
        if "shipping" in change.says:
            body["shipping"] = _shipping(change.charge) if change.charge else None
        return body

    def units(self, most: Mapping[int, int], *, whole: float) -> dict[int, int] | None:
        """Return units of some lines, sometimes one too many or of a line that is not there."""
        dice = self.dice
        if dice.random() < whole:
            return None
        full = [number for number, units in most.items() if units]
        if not full or dice.random() < 0.03:
            return {dice.choice([*most, 99]): 1}
        some = dice.sample(full, dice.randint(1, min(2, len(full))))
        units = {number: dice.randint(1, most[number]) for number in some}
        if dice.random() < 0.05:
            units[some[0]] = most[some[0]] + 1
        return units

    def named(self, units: Mapping[int, int] | None, **more: str) -> dict[str, object]:
        if units is None:
            return {}
        lines = [{"line": number, "quantity": count, **more} for number, count in units.items()]
        return {"lines": lines}

    def of_return(self, back: Return, command: str) -> tuple[dict[str, object], dict[int, int] | None]:
        """Return the body of a step of a return, and what the oracle is to know of it."""
        dice = self.dice
        if command == "reject":
            return {"reason": "worn"}, None
        if command == "receive":
            units = self.units(back.lines, whole=0.6)
            return self.named(units), units
        if command == "inspect":
            restocked = {number: dice.randint(0, units) for number, units in back.received.items()}
            lines = [
                {"line": number, "restock": good, "scrap": back.received[number] - good}
                for number, good in restocked.items()
            ] or [{"line": 1, "restock": 1}]
            return {"lines": lines}, restocked
        if command == "resolve":
            if dice.random() < 0.2:
                return {"resolution": "none"}, {}
            units = self.units(back.received, whole=0.6)
            return {"resolution": "credit"} | self.named(units), units
        return {}, None


def _edit(one: Edit) -> dict[str, object]:
    body: dict[str, object] = {"sku": one.sku} if one.number is None else {"line": one.number}
    if one.units is not None:
        body["quantity"] = one.units
    if one.price is not None:
        body["unit_price"] = one.price
    return body | ({"discount": _discount(one.rule)} if one.says_rule else {})


def _discount(rule: Rule | None) -> dict[str, str] | None:
    return {rule[0]: rule[1]} if rule else None


def _shipping(charge: Asked) -> dict[str, object]:
    return {"amount": charge.price, "tax_rate": charge.rate}
