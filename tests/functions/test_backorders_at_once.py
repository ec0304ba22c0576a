"""What waits for goods while others act at once: either comes first, and in the end the books hold."""

from collections.abc import Iterator

import pytest
from soms.inventory.model import StockItem
from soms.kit import clock
from soms.orders import filling

from tests.engine import before_writing
from tests.functions.test_backorder_streams import news
from tests.functions.test_backorders import books_hold, held, shelf, waiting
from tests.states import LATER, later
from tests.world import Answer, World

SHELF = StockItem(sku="A-1", warehouse="main")


@pytest.fixture
def ready(world: World) -> Iterator[World]:
    world.product("A-1")
    yield world
    books_hold(world)


def fill() -> None:
    filling.fill(SHELF, now=clock.now())


def count(world: World, units: int, key: str | None = None) -> Answer:
    body = {"counted": units, "reason": "count"}
    return world.call("POST", "/v1/stock/A-1/adjustments", body, key=key)


def cancel(world: World, order: str, units: int | None = None) -> Answer:
    body = {"lines": [{"line": 1, "quantity": units}]} if units else {}
    return world.call("POST", f"/v1/orders/{order}/cancel", body)


def amend(world: World, order: str, units: int, **more: object) -> Answer:
    body = {"lines": [{"line": 1, "quantity": units}], **more}
    return world.call("PATCH", f"/v1/orders/{order}", body, headers={"If-Match": "*"})


def queued_with_goods(world: World, wanted: int, goods: int) -> str:
    """Return an order that waits in the queue while the news of goods on the shelf are still on their way."""
    order = waiting(world, world.customer(), ("A-1", wanted)).body["id"]
    world.drain()
    world.stock("A-1", goods)
    return str(order)


@pytest.mark.parametrize(("units", "left"), [(None, (0, 0)), (3, (2, 0)), (1, (2, 2))])
def test_an_order_cancelled_while_it_is_given_goods_keeps_what_it_still_needs(
    ready: World, units: int | None, left: tuple[int, int]
) -> None:
    order = queued_with_goods(ready, 5, 2)
    told: list[Answer] = []

    before_writing(lambda: told.append(cancel(ready, order, units)))
    fill()
    books_hold(ready)

    assert told[0].status == 200, told[0].text
    assert held(ready, order) == left
    assert shelf(ready) == (2, left[0], 2 - left[0], left[1])


def test_goods_given_while_an_order_is_cancelled_are_given_back_with_it(ready: World) -> None:
    order = queued_with_goods(ready, 5, 2)

    before_writing(fill)
    answer = cancel(ready, order)
    books_hold(ready)

    assert answer.status == 200, answer.text
    assert shelf(ready) == (2, 0, 2, 0)


@pytest.mark.parametrize(("units", "left"), [(8, (2, 6)), (4, (2, 2)), (1, (1, 0))])
@pytest.mark.parametrize("filling_first", [True, False])
def test_an_order_amended_while_it_is_given_goods_has_both(
    ready: World, units: int, left: tuple[int, int], *, filling_first: bool
) -> None:
    order = queued_with_goods(ready, 5, 2)
    told: list[Answer] = []

    def change() -> None:
        told.append(amend(ready, order, units))

    first, second = (change, fill) if filling_first else (fill, change)
    before_writing(second)
    first()
    books_hold(ready)

    assert told[0].status == 200, told[0].text
    assert held(ready, order) == left


def test_goods_filled_by_two_at_once_are_given_once(ready: World) -> None:
    order = queued_with_goods(ready, 5, 2)

    before_writing(fill)
    fill()
    books_hold(ready)

    assert held(ready, order) == (2, 3)
    assert shelf(ready) == (2, 2, 0, 3)


def shipped(world: World, order: str) -> Answer:
    return world.call("POST", f"/v1/orders/{order}/shipments", {}, as_="warehouse")


def test_goods_that_leave_while_they_are_missed_in_a_count_have_left(ready: World) -> None:
    ready.stock("A-1", 5)
    order = ready.order(ready.customer(), ("A-1", 5)).body["id"]
    ready.drain()

    before_writing(lambda: shipped(ready, order))
    refused = count(ready, 3)
    ready.drain()
    again = count(ready, 3)
    books_hold(ready)

    # The count was decided on a shelf that is no more, and its movements are on their way.
    assert refused.status in {201, 503}
    assert again.status == 201, again.text
    assert held(ready, order) == (0, 0)
    assert shelf(ready) == (3, 0, 3, 0)


def test_what_a_count_takes_while_it_is_to_leave_stays_behind(ready: World) -> None:
    ready.stock("A-1", 5)
    order = ready.order(ready.customer(), ("A-1", 5)).body["id"]
    ready.drain()

    before_writing(lambda: count(ready, 3))
    sent = shipped(ready, order)
    books_hold(ready)

    assert sent.status == 201, sent.text
    assert held(ready, order) == (0, 2)
    assert shelf(ready) == (0, 0, 0, 2)


def test_two_counts_at_once_take_as_if_one_had_come_after_the_other(ready: World) -> None:
    ready.stock("A-1", 9)
    customer = ready.customer()
    old, young = (ready.order(customer, ("A-1", units)).body["id"] for units in (5, 4))
    ready.drain()

    before_writing(lambda: count(ready, 6, "first"))
    second = count(ready, 4, "second")
    ready.drain()
    repeated = count(ready, 4, "second")
    books_hold(ready)

    assert second.status == 503, second.text
    assert repeated.status == 201, repeated.text
    assert (held(ready, old), held(ready, young)) == ((4, 1), (0, 4))
    assert shelf(ready) == (4, 4, 0, 5)


def test_a_count_while_goods_are_given_takes_from_whoever_was_given_them_last(ready: World) -> None:
    customer = ready.customer()
    ready.stock("A-1", 2)
    old = ready.order(customer, ("A-1", 2)).body["id"]
    young = waiting(ready, customer, ("A-1", 3)).body["id"]
    ready.drain()
    ready.stock("A-1", 2)

    before_writing(fill)
    counted = count(ready, 3)
    ready.drain()
    if counted.status == 503:
        counted = count(ready, 3)
    books_hold(ready)

    assert counted.status == 201, counted.text
    assert (held(ready, old), held(ready, young)) == ((2, 0), (1, 2))


def test_what_comes_back_while_a_count_is_decided_is_taken_from_nobody(ready: World) -> None:
    ready.stock("A-1", 10)
    customer = ready.customer()
    first, second = (ready.order(customer, ("A-1", 5)).body["id"] for _ in range(2))
    ready.drain()
    cancel(ready, first)

    before_writing(lambda: ready.deliver("stock", news(ready, first)))
    counted = count(ready, 5)

    assert counted.status == 201, counted.text
    assert held(ready, second) == (5, 0)
    assert shelf(ready) == (5, 5, 0, 0)


def test_goods_given_while_they_are_counted_away_are_not_given(ready: World) -> None:
    order = queued_with_goods(ready, 5, 2)

    before_writing(lambda: count(ready, 1))
    fill()
    books_hold(ready)

    assert held(ready, order) == (1, 4)
    assert shelf(ready) == (1, 1, 0, 4)


def test_an_order_that_comes_while_goods_come_has_them_in_the_end(ready: World) -> None:
    customer = ready.customer()
    ready.stock("A-1", 1)

    before_writing(lambda: before_writing(lambda: ready.stock("A-1", 4)))
    order = waiting(ready, customer, ("A-1", 3)).body["id"]
    books_hold(ready)

    assert held(ready, order) == (3, 0)
    assert shelf(ready) == (5, 3, 2, 0)


def test_an_order_that_comes_while_goods_go_waits_for_them(ready: World) -> None:
    customer = ready.customer()
    ready.stock("A-1", 3)
    other: list[Answer] = []

    before_writing(lambda: other.append(ready.order(customer, ("A-1", 2))))
    order = waiting(ready, customer, ("A-1", 3)).body["id"]
    books_hold(ready)

    assert other[0].status == 201
    assert held(ready, order) == (1, 2)


def test_leave_to_wait_that_comes_while_expired_quotes_are_asked_is_taken(ready: World) -> None:
    customer = ready.customer()
    ready.stock("A-1", 2)
    quote = ready.order(customer, ("A-1", 1), body={"status": "draft"}).body["id"]
    order = ready.order(customer, ("A-1", 1)).body["id"]
    ready.drain()
    until = clock.stamp(clock.now() + LATER / 2)
    body = {"expires_at": until, "reserve": True}
    assert ready.call("POST", f"/v1/orders/{quote}/quote", body).status == 200

    with later():
        # The first write is refused for want of stock; the second ends the quote; before it, leave comes.
        before_writing(lambda: before_writing(lambda: amend(ready, order, 1, backorder="allow")))
        raised = amend(ready, order, 5)
    books_hold(ready)

    assert raised.status == 200, raised.text
    assert held(ready, order) == (2, 3)
