from collections.abc import Mapping
from decimal import Decimal
from io import StringIO

import pytest
from rich.console import Console

from infra.demo import day, excerpt, history, order_day, plan, prices
from infra.demo.client import Answer
from infra.demo.crew import Crew, Unexpected
from infra.demo.excerpt import Row
from infra.demo.proof import Sheet
from infra.demo.teller import AGAIN, Ask, Teller


def row(
    sku: str, quantity: int = 10, price: str = "1.00", invoice: str = "1", customer: str = "17850"
) -> Row:
    return Row(invoice, sku, "HEART", quantity, Decimal(price), "2010-12-01", customer, "Norway")


FOUR = [
    row("10001", price="1.00"),
    row("10002", price="4.00"),
    row("10003", price="3.00"),
    row("10004", price="2.00"),
]


def test_the_day_is_of_the_largest_invoice_with_its_dearest_goods_first() -> None:
    larger = [row(one.sku, one.quantity, f"{one.price * 2}", "2") for one in FOUR]

    chosen = day.choose(plan.sales([*FOUR, *larger])[0], set())

    assert chosen.name == "day-2"
    assert [one.sku for one in chosen.goods] == ["10002", "10003", "10004"]
    assert chosen.instead.sku == "10001"


@pytest.mark.parametrize(
    "unfit",
    [
        row("POST", price="9.00", invoice="2"),
        row("10009", quantity=3, price="90.00", invoice="2"),
        row("10001", price="0.00", invoice="2"),
        row("22222", price="9.00", invoice="2"),
    ],
)
def test_services_few_units_gifts_and_goods_to_be_avoided_make_no_day(unfit: Row) -> None:
    three = [row(one.sku, price="8.00", invoice="2") for one in FOUR[:3]]

    chosen = day.choose(plan.sales([*FOUR, *three, unfit])[0], {"22222"})

    assert chosen.name == "day-1"


def test_a_cash_customer_has_no_day() -> None:
    cash = [row(one.sku, price="8.00", invoice="2", customer="") for one in FOUR]

    assert day.choose(plan.sales([*FOUR, *cash])[0], set()).name == "day-1"


@pytest.mark.parametrize("days", [1, 2, None])
def test_the_excerpt_has_a_day_without_watched_goods_that_credit_and_rule_fit(days: int | None) -> None:
    everything, rows = excerpt.rows(), excerpt.rows(days)

    today = order_day.chosen(everything, rows)

    watched = {
        one.sku for one in plan.reordering(rows_of_first_day(), plan.opening(plan.sales(everything)[0]))
    }
    skus = [one.sku for one in (*today.goods, today.instead)]
    assert len(set(skus)) == len(skus) == day.LINES + 1
    assert not watched & set(skus)
    pairs = zip(today.lines(2), today.goods, strict=True)
    doubled = sum((goods.price * int(str(one["quantity"])) for one, goods in pairs), excerpt.ZERO)
    assert 0 < today.threshold <= today.worth < doubled < today.credit
    assert today.credit < today.worth * day.FAR_TOO_MANY / 10


def rows_of_first_day() -> list[plan.Sale]:
    return plan.sales(excerpt.rows(1))[0]


def test_whoever_buys_more_pays_less_for_each() -> None:
    tiers = prices.tiers(row("10001", quantity=12, price="0.35"))

    assert tiers == [
        {"from": 1, "unit_price": "0.35"},
        {"from": 24, "unit_price": "0.33"},
        {"from": 48, "unit_price": "0.32"},
    ]


def test_the_days_rule_comes_and_goes_and_leaves_the_others() -> None:
    settings = {
        "version": 3,
        "currency": "CNY",
        "approval_rules": [{"id": "theirs"}, {"id": day.RULE, "old": 1}],
    }

    ruled = day.with_rule(settings, {"id": day.RULE})
    without = day.with_rule({**ruled, "version": 4}, None)

    assert ruled == {"currency": "CNY", "approval_rules": [{"id": "theirs"}, {"id": day.RULE}]}
    assert without == {"currency": "CNY", "approval_rules": [{"id": "theirs"}]}


def test_a_quotes_total_is_that_of_the_moment_it_was_quoted() -> None:
    versions = [
        {"status": "confirmed", "quote_version": 2, "total": "9.00"},
        {"status": "confirmed", "quote_version": 2, "total": "8.00"},
        {"status": "draft", "quote_version": 1, "total": "7.00"},
        {"status": "quoted", "quote_version": 1, "total": "6.00"},
    ]

    assert day.quoted(versions) == {2: "8.00", 1: "6.00"}


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"changes": {"status": [None, "draft"], "lines/1/net": ["1", "2"]}}, "status · → draft"),
        ({"changes": {"lines/2/quantity": [1, 3]}, "reason": "more"}, "line 2 quantity 1 → 3; “more”"),
        ({"changes": {"holds": [[], ["credit"]]}}, "holds · → credit"),
        ({"changes": {"shipment": ["shp_1", "in_transit"]}}, "news in_transit"),
        ({"changes": {}, "reason": None}, ""),
    ],
)
def test_an_entry_of_the_timeline_is_told_in_few_words(entry: dict[str, object], told: str) -> None:
    assert history.changed(entry) == told


def test_every_event_of_the_story_has_a_chinese_name() -> None:
    assert set(history.STORY) == history.EVENTS.keys()


class System:
    """A system that answers everything alike, and remembers what it was sent."""

    def __init__(self, status: int, headers: Mapping[str, str], body: dict[str, object]) -> None:
        self.answer = Answer(status, headers, body)
        self.keys: list[str | None] = []

    def call(self, *_: object, key: str | None = None, **__: object) -> Answer:
        self.keys.append(key)
        return self.answer


def telling(system: System) -> tuple[Teller, StringIO]:
    told = StringIO()
    console = Console(file=told, width=200)
    return Teller(Sheet(console), Crew(system, 1, console), "day-1"), told


ASK = Ask("sales", "POST", "/orders/ord_1/quote")


@pytest.mark.parametrize(("replayed", "failed"), [({}, 1), ({"idempotency-replayed": "true"}, 0)])
def test_a_step_is_looked_at_once_and_afterwards_only_answered_again(
    replayed: dict[str, str], failed: int
) -> None:
    system = System(200, replayed, {"status": "closed"})
    teller, told = telling(system)

    teller.step(
        "quote", ("quoted", "报价"), ASK, lambda body: (body["status"] == "quoted", str(body["status"]))
    )

    assert system.keys == ["day-1-quote"]
    assert teller.sheet.failed == failed
    assert (AGAIN in told.getvalue()) is bool(replayed)
    assert ("closed" in told.getvalue()) is not bool(replayed)


def test_a_step_that_is_refused_ends_the_story_and_says_why() -> None:
    errors = [{"code": "on_hold", "detail": "an old invoice"}]
    teller, _ = telling(System(409, {}, {"code": "invalid_state", "errors": errors}))

    with pytest.raises(
        Unexpected, match=r"sales POST /orders/ord_1/quote: 409 invalid_state\. an old invoice"
    ):
        teller.step("quote", ("", ""), ASK, lambda _: (True, ""))


@pytest.mark.parametrize(("code", "failed"), [("forbidden", 0), ("invalid_state", 1)])
def test_a_refusal_is_claimed_by_status_and_code(code: str, failed: int) -> None:
    teller, _ = telling(System(403, {}, {"code": code, "detail": "no"}))

    teller.refused("own", ("", ""), ASK, 403, "forbidden")

    assert teller.sheet.failed == failed


def test_what_happened_in_an_earlier_run_is_not_new() -> None:
    teller, _ = telling(System(200, {}, {}))

    teller.remember(["order.drafted"])

    assert (teller.is_new("order.drafted"), teller.is_new("order.quoted")) == (False, True)
