"""What a run prints to try next fits the API and itself, on a system in which nothing is yet."""

import json
import re
from typing import Any

from soms.catalog.model import ProductRequest
from soms.customers.model import CustomerRequest
from soms.orders.requests import OrderRequest

from infra.local.run import READY


def test_the_third_command_orders_what_the_first_two_created() -> None:
    steps = re.split(r"(?m)^  \d  ", READY.format(api="", elsewhere=""))[1:]
    paths = [re.search(r"curl -si (\S+)", step)[1] for step in steps]  # type: ignore[index]
    product, customer, order = (_body(step) for step in steps)

    CustomerRequest.model_validate_json(json.dumps(customer))
    placed = OrderRequest.model_validate_json(json.dumps(order))

    assert [path.split("/")[1] for path in paths] == ["products", "customers", "orders"]
    # Nothing is on the shelf of a fresh system.
    assert not ProductRequest.model_validate_json(json.dumps(product)).stocked
    assert paths[0].endswith(f"/{placed.lines[0].sku}")
    assert order["customer_ref"] == customer["external_ref"]


def _body(step: str) -> dict[str, Any]:
    [text] = re.findall(r"-d '(.*?)'", step, re.DOTALL)
    told: dict[str, Any] = json.loads(text)
    return told
