"""Finding customers: by any of their terms, page after page, at the same cost however many there are."""

from typing import Any

import pytest
from soms.customers import search, store
from soms.customers.model import Customer
from soms.customers.terms import terms_of
from soms.kit.writes import Writes

from tests.functions.test_budgets import counted
from tests.functions.test_customers import change
from tests.functions.test_paging import walk
from tests.world import World

PEOPLE = {
    "trade": {"name": "Example Trading Co.", "email": "sales@example.com"},
    "suzhou": {"name": "苏州示例贸易有限公司", "phone": "+86 512-6666 7777"},
    "cola": {"name": "Coca-Cola", "external_ref": {"source": "crm", "id": "K-0042"}},
    "fang": {"name": "Fang", "contacts": [{"name": "李雷", "email": "li@trade.cn", "phone": "0755 888999"}]},
}


def names(world: World, query: str, **more: Any) -> list[str]:
    answer = world.call("GET", f"/v1/customers?q={query}", **more)
    assert answer.status == 200, answer.text
    return [one["name"] for one in answer.body["data"]]


def directly(number: int, name: str) -> None:
    """Write a customer as it would lie there, without the door: a thousand of them go quicker so."""
    made = Customer(id=f"cus_{number:024}", name=name, currency="CNY", created_at="2026-01-01")
    made = made.model_copy(update={"terms": terms_of(made)})
    writes = Writes()
    store.insert(writes, made, lambda _held: AssertionError())
    search.index(writes, made)
    for one in writes._writes:
        store.aws.dynamodb().put_item(**{name: one.action["Put"][name] for name in ("TableName", "Item")})


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("exam", ["trade"]),
        ("TRADING example", ["trade"]),
        ("example nobody", []),
        ("sales@ex", ["trade"]),
        ("example.com", ["trade"]),
        ("示例", ["suzhou"]),
        ("苏", ["suzhou"]),
        ("贸易有限", ["suzhou"]),
        ("6666", []),
        ("51266", ["suzhou"]),
        ("%2B86 512 66", ["suzhou"]),
        ("0086-512", ["suzhou"]),
        ("0512", ["suzhou"]),
        ("cola", ["cola"]),
        ("coca cola", ["cola"]),
        ("k-0042", ["cola"]),
        ("K0042", ["cola"]),
        ("李", ["fang"]),
        ("0755888", ["fang"]),
        ("li@tr", ["fang"]),
        ("ｆａｎｇ", ["fang"]),
    ],
)
def test_a_customer_is_found_by_what_people_remember(world: World, query: str, found: list[str]) -> None:
    for person in PEOPLE.values():
        world.customer(**person)

    assert names(world, query.replace("%2B", "+")) == [PEOPLE[one]["name"] for one in found]


def test_a_customer_is_found_by_its_id(world: World) -> None:
    customer = world.customer(name="Fang")

    assert (names(world, customer), names(world, "cus_nobody")) == (["Fang"], [])


def test_a_changed_name_is_found_and_the_old_one_no_longer(world: World) -> None:
    customer = world.customer(name="Old Harbour", phone="12345")

    change(world, customer, {"name": "New Harbour"})

    assert [names(world, query) for query in ("old", "new", "harb", "12345")] == [
        [],
        ["New Harbour"],
        ["New Harbour"],
        ["New Harbour"],
    ]
    assert all("old" not in str(item) for item in stored_terms())


def stored_terms() -> list[dict[str, Any]]:
    """Return the keys of all search terms."""
    found = store.aws.dynamodb().scan(TableName=store.aws.settings.get(store.Setting.CUSTOMERS))
    keys = [{"pk": item["pk"]["S"], "sk": item["sk"]["S"]} for item in found["Items"]]
    return [key for key in keys if key["pk"].startswith(search.PREFIX)]


def test_a_customer_with_two_fitting_terms_comes_once(world: World) -> None:
    for number in range(3):
        world.customer(name=f"Acme Acmeline {number}{number}", email=f"info{number}@acme.com")

    rows = walk(world, "/v1/customers?q=acme")

    assert sorted(one["name"][-2:] for one in rows) == ["00", "11", "22"]


def test_pages_of_a_search_hold_each_customer_once(world: World) -> None:
    for number in range(7):
        world.customer(name=f"Tea House {number}{number}")

    rows = walk(world, "/v1/customers?q=tea")

    assert sorted(one["name"] for one in rows) == [f"Tea House {number}{number}" for number in range(7)]


def test_a_sales_person_finds_own_customers_only(world: World) -> None:
    world.customer(name="Tea One", salesperson="ada", segment="vip")
    world.customer(name="Tea Two", salesperson="bob", segment="vip")
    ada: dict[str, Any] = {"as_": "sales", "name": "ada"}

    by_segment = world.call("GET", "/v1/customers?segment=vip", **ada).body["data"]

    assert names(world, "tea", **ada) == ["Tea One"]
    assert sorted(names(world, "tea")) == ["Tea One", "Tea Two"]
    assert [one["name"] for one in by_segment] == ["Tea One"]
    assert world.call("GET", "/v1/customers?salesperson=bob", **ada).code == "filter_unsupported"


def test_sales_person_and_segment_are_served_and_combined_with_nothing(world: World) -> None:
    for number in range(5):
        world.customer(name=f"C{number}", salesperson="ada" if number % 2 else "bob", segment=f"s{number % 2}")

    assert [one["name"] for one in walk(world, "/v1/customers?salesperson=ada")] == ["C3", "C1"]
    assert [one["name"] for one in walk(world, "/v1/customers?segment=s0")] == ["C4", "C2", "C0"]
    for pair in ("q=c0&segment=s0", "q=c0&salesperson=ada", "segment=s0&salesperson=ada"):
        assert world.call("GET", f"/v1/customers?{pair}").code == "filter_unsupported"


@pytest.mark.parametrize("query", ["a", "-", " ", "0"])
def test_too_short_a_query_is_refused(world: World, query: str) -> None:
    answer = world.call("GET", f"/v1/customers?q={query}")

    assert (answer.status, answer.code) == (400, "invalid_parameter")


def test_a_search_costs_one_query_and_one_batch_at_every_size(world: World) -> None:
    trips = []
    made = 0
    for size in (10, 100, 1000):
        for number in range(made, size):
            directly(number, f"Customer {number:04}")
        made = size
        world.call("GET", "/v1/customers?q=customer&limit=5")
        with counted() as calls:
            page = world.call("GET", "/v1/customers?q=customer&limit=5").body
            precise = names(world, "0007")
        trips.append([name for name, _ in calls])
        assert (len(page["data"]), precise) == (5, ["Customer 0007"])

    assert trips[0] == trips[1] == trips[2] == ["Query", "BatchGetItem"] * 2
