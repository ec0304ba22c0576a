"""Credit on the running system, with real threads over HTTP: what a limit fits three of, three get."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.system.conftest import System

pytestmark = pytest.mark.system
TEN, THREE = 10, 3


def at_once(act: Callable[[int], tuple[int, Any]]) -> list[tuple[int, Any]]:
    with ThreadPoolExecutor(TEN) as hands:
        return list(hands.map(act, range(TEN)))


def outcomes(answers: list[tuple[int, Any]]) -> Counter[tuple[bool, str]]:
    return Counter((status < 300, told.get("code", "")) for status, told in answers)


def test_neither_ten_orders_nor_ten_confirmations_at_once_pass_a_limit_that_fits_three(
    system: System,
) -> None:
    sku = system.product("CREDIT", 100)
    first, second = (system.customer(credit_limit="33.90") for _ in range(2))
    body = {"customer_id": first, "lines": [{"sku": sku, "quantity": 1}]}
    draft = body | {"customer_id": second, "status": "draft"}
    drafts = [system.call("POST", "/v1/orders", draft)[1]["id"] for _ in range(TEN)]

    placed = at_once(lambda _: system.call("POST", "/v1/orders", body))
    confirmed = at_once(lambda one: system.call("POST", f"/v1/orders/{drafts[one]}/confirm", {}))
    system.drain()

    exactly = {(True, ""): THREE, (False, "credit_limit_exceeded"): TEN - THREE}
    assert outcomes(placed) == exactly
    assert outcomes(confirmed) == exactly
    assert system.call("GET", f"/v1/stock/{sku}")[1]["reserved"] == 2 * THREE
    reconciled = system.soms("reconcile")
    assert reconciled.returncode == 0, reconciled.stdout
