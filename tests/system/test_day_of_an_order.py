"""A whole day in the life of an order on the running system, as `make demo` tells it."""

from io import StringIO

import pytest
from rich.console import Console

from infra.demo import excerpt, order_day, prices, stage
from infra.demo.client import Client
from infra.demo.crew import Crew
from infra.demo.proof import Sheet
from infra.demo.teller import AGAIN
from tests.system.conftest import System

pytestmark = pytest.mark.system


def test_an_order_lives_its_whole_day_and_a_second_telling_does_nothing_twice(system: System) -> None:
    told = StringIO()
    console = Console(file=told, width=160)
    client = Client(system.status["api"], system.token)
    crew = Crew(client, 1, console)
    rows = excerpt.rows(1)
    today = order_day.chosen(rows, rows)
    for row in (*today.goods, today.instead):
        stage.product(crew, row)
    prices.put(crew, stage.CURRENCY, today.goods)
    before = system.call("GET", "/v1/settings")[1]["approval_rules"]

    sheet = Sheet(console)
    order_day.tell(sheet, crew, today, system.drain)
    told_once = told.getvalue()
    order_day.tell(sheet, crew, today, system.drain)
    client.hang_up()

    assert sheet.failed == 0, told.getvalue()
    assert AGAIN not in told_once
    assert AGAIN in told.getvalue()
    assert system.call("GET", "/v1/settings")[1]["approval_rules"] == before
