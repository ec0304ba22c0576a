"""Which warehouses there are to choose from, and in which words a choice is explained."""

from collections.abc import Mapping

import pytest
from soms.catalog.model import Warehouse
from soms.customers.model import Customer
from soms.inventory.model import StockItem
from soms.kit.problems import in_language
from soms.orders import sourcing
from soms.orders.model import Sourcing
from soms.orders.sourcing import Demand, Terms

PLACES = (
    Warehouse(id="far", name="far", priority=1),
    Warehouse(id="home", name="home", country="CN", priority=9),
    Warehouse(id="near", name="near", country="DE", region="south", priority=50),
    Warehouse(id="also-home", name="also home", country="CN", priority=9),
    Warehouse(id="shut", name="shut", region="south", active=False),
)


def stock(**units: int) -> dict[StockItem, int]:
    return {StockItem(sku="A", warehouse=name): count for name, count in units.items()}


def customer(**more: object) -> Customer:
    return Customer.model_validate({"id": "cus_1", "name": "Acme", "currency": "CNY", **more})


def chosen(terms: Terms, available: Mapping[StockItem, int], *units: int) -> list[list[tuple[str, int]]]:
    demands = [Demand(number, "A", count) for number, count in enumerate(units, 1)]
    made = sourcing.choose(demands, available, terms)
    return [[(one.warehouse, one.units) for one in made[demand.line]] for demand in demands]


def test_the_region_comes_before_the_country_before_priority_before_the_id() -> None:
    made = sourcing.terms("nearest", "home", customer(region="south", country="CN"), PLACES)

    assert made.ranked == ("near", "also-home", "home", "far")


def test_without_region_and_country_priority_decides() -> None:
    made = sourcing.terms("fewest_splits", "home", customer(), PLACES)

    assert made.ranked == ("far", "also-home", "home", "near")


@pytest.mark.parametrize(("own", "candidates"), [("far", ("far", "home")), ("shut", ("home",)), (None, ("home",))])
def test_by_default_the_customers_warehouse_and_the_companys_are_there(
    own: str | None, candidates: tuple[str, ...]
) -> None:
    made = sourcing.terms("default", "home", customer(warehouse=own), PLACES)

    assert made.candidates == candidates


def test_lines_of_one_sku_do_not_count_the_same_units_twice() -> None:
    made = chosen(Terms("nearest", ("a", "b")), stock(a=5, b=4), 3, 4)

    assert made == [[("a", 3)], [("b", 4)]]


def test_a_line_is_split_over_the_nearest_first() -> None:
    assert chosen(Terms("nearest", ("a", "b", "c")), stock(a=1, b=2, c=3), 4) == [[("a", 1), ("b", 2), ("c", 1)]]


def test_a_line_is_split_over_as_few_as_possible_by_fewest_splits() -> None:
    assert chosen(Terms("fewest_splits", ("a", "b", "c")), stock(a=1, b=2, c=3), 4) == [[("c", 3), ("a", 1)]]


def test_of_equally_few_the_nearest_are_taken() -> None:
    assert chosen(Terms("fewest_splits", ("a", "b")), stock(a=5, b=5), 3) == [[("a", 3)]]


def test_what_nobody_has_is_left_first_on_the_customers_warehouse() -> None:
    made = sourcing.choose([Demand(1, "A", 9)], stock(a=3, b=2), Terms("nearest", ("a", "b"), "b"))

    assert [(one.warehouse, one.units, one.why.short) for one in made[1]] == [("b", 6, 4), ("a", 3, 0)]


def test_a_line_that_is_there_stays_where_it_is_if_it_can() -> None:
    terms = Terms("nearest", ("a", "b"), "a")

    made = sourcing.choose([Demand(1, "A", 2, "b")], stock(a=9, b=2), terms)

    assert [(one.warehouse, one.units) for one in made[1]] == [("b", 2)]


@pytest.mark.parametrize(
    ("why", "english", "chinese"),
    [
        (Sourcing(rule="line"), "As said for this line.", "按本行指定。"),
        (
            Sourcing(rule="customer", wanted=5, available=2, short=3),
            "The customer's warehouse: 5 wanted, 2 available there; 3 nowhere.",
            "客户指定仓库：需要 5，可用 2；各仓均缺 3。",
        ),
        (
            Sourcing(rule="nearest", wanted=5, available=9, passed={"a": 1, "b": 0}),
            "The nearest that can serve it: 5 wanted, 9 available there; passed over: a 1, b 0.",
            "最近的可供货仓库：需要 5，可用 9；未选：a 1, b 0。",
        ),
    ],
)
def test_a_choice_is_explained_in_both_languages(why: Sourcing, english: str, chinese: str) -> None:
    words = sourcing.because(why)

    assert (in_language(words, "en"), in_language(words, "zh")) == (english, chinese)
