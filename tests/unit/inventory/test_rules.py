"""When stock is low, and how much to buy."""

import pytest
from soms.inventory import rules
from soms.inventory.model import ReorderRule, Stock

RULE = ReorderRule(point=20, target=100, minimum=10, pack=12)


@pytest.mark.parametrize(("available", "low"), [(21, False), (20, True), (0, True)])
def test_a_position_at_the_point_counts_as_low(available: int, low: bool) -> None:  # noqa: FBT001
    stock = Stock(sku="A", warehouse="main", on_hand=available, available=available, rule=RULE)

    assert stock.is_low is low


@pytest.mark.parametrize(("position", "quantity"), [(20, 84), (95, 12), (-10, 120)])
def test_what_is_bought_fills_up_in_whole_packs(position: int, quantity: int) -> None:
    assert rules.suggested(position, RULE) == quantity


def test_incoming_counts_for_the_position_and_back_orders_against_it() -> None:
    stock = Stock(sku="A", warehouse="main", on_hand=10, reserved=4, incoming=30, backordered=6)

    assert stock.position == 30
