"""Customers on the real system: the rights that the template gives suffice for searching, merging, erasing."""

import pytest

from tests.system.conftest import System

pytestmark = pytest.mark.system


def test_a_customer_is_found_ordered_for_by_reference_merged_into_and_erased(system: System) -> None:
    sku = system.product("CUS-1", 5)
    customer, duplicate = system.customer(name="Harbour 示例"), system.customer(name="Harbour twice")
    path = f"/v1/customers/{customer}"
    reference = {"source": "erp", "id": "4711"}

    system.call("PUT", f"/v1/customers/{duplicate}/references/erp", {"id": "4711"})
    merged, _ = system.call("POST", f"/v1/customers/{duplicate}/merge", {"into": customer})
    body = {"customer_ref": reference, "lines": [{"sku": sku, "quantity": 1}]}
    placed, order = system.call("POST", "/v1/orders", body)
    cancelled, _ = system.call("POST", f"/v1/orders/{order['id']}/cancel", {})
    found = system.call("GET", "/v1/customers?q=harb")[1]["data"]
    exported, _ = system.call("POST", f"{path}/export")
    summary, _ = system.call("GET", f"{path}/summary")
    system.drain()
    erased, answer = system.call("POST", f"{path}/erase", {"reason": "asked for it"})

    assert (merged, placed, cancelled, exported, summary, erased) == (200, 201, 200, 200, 200, 200)
    assert [one["id"] for one in found] == [customer]
    assert answer["remaining"] == 0
    assert system.call("GET", f"/v1/orders/{order['id']}")[1]["customer"]["name"] == answer["name"]
    assert system.call("GET", "/v1/customers?q=harb")[1]["data"] == []
