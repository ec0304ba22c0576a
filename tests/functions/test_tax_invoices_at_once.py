"""Two commands on a tax invoice at once, or a command and the sweep: as if one had come after the other."""

from collections.abc import Callable

import pytest
from soms.billing.fapiao import simulated_books, store

from tests.engine import before_writing
from tests.functions.fapiao_stage import Sale, Stage
from tests.functions.test_refusals import refused
from tests.world import Answer, World


@pytest.fixture
def stage(world: World) -> Stage:
    return Stage.set(world)


def together(first: Callable[[], Answer], second: Callable[[], Answer]) -> tuple[Answer, Answer]:
    """Let the second come between what the first reads and what it writes."""
    told: list[Answer] = []
    before_writing(lambda: told.append(second()))
    late = first()
    return told[0], late


def one_paper(stage: Stage, invoice: str, name: str) -> None:
    for _ in range(4):
        if stage.state(name) != "issued":
            stage.do(name, "refresh")
    assert len(stage.on_platform(invoice)) == 1
    stage.world.drain()
    assert stage.world.broken() == []


def test_of_two_who_ask_for_an_invoice_one_gets_it(stage: Stage) -> None:
    invoice = stage.invoice()

    early, late = together(*[lambda: stage.ask(invoice_id=invoice)] * 2)

    assert early.status == 201
    refused(late, 409, "tax_invoice_exists")


def test_of_two_who_submit_one_does_and_the_platform_has_it_once(stage: Stage) -> None:
    invoice = stage.invoice()
    name = stage.requested(invoice)

    early, late = together(
        lambda: stage.do(name, "submit", {"title": "另一个"}), lambda: stage.do(name, "submit")
    )

    assert early.body["state"] == "submitted"
    refused(late, 409, "invalid_state")
    assert store.get(name).attempts == 1
    one_paper(stage, invoice, name)


@pytest.mark.parametrize("by_sweep", [True, False])
def test_two_who_find_that_it_never_arrived_have_it_issued_once(stage: Stage, *, by_sweep: bool) -> None:
    invoice = stage.invoice()
    name = stage.requested(invoice)
    simulated_books.plan("issue", "unreached")
    stage.do(name, "submit")
    stage.become(name, "unknown", due_at="2026-01-01T00:00:00.000000Z")

    def other() -> Answer:
        if by_sweep:
            assert stage.sweep() == {"asked": 1, "failed": 0}
            return Answer(200, {}, "{}")
        return stage.do(name, "refresh")

    early, late = together(lambda: stage.do(name, "refresh"), other)

    assert (early.status, late.status) == (200, 200)
    one_paper(stage, invoice, name)


def test_red_ones_asked_for_at_once_are_both_counted(stage: Stage) -> None:
    order, invoice = stage.sold(3)
    blue = stage.issued(invoice)
    first, second = (stage.credited(order, 1) for _ in range(2))
    notes = {first, second}
    assert len(notes) == 2

    answers = together(*[lambda one=one: stage.ask(credit_note_id=one) for one in notes])  # type: ignore[misc]

    assert [one.status for one in answers] == [201, 201]
    assert set(store.get(blue).reds) == {one.body["id"] for one in answers}


def test_the_last_of_a_blue_one_is_taken_back_by_one_only(stage: Stage) -> None:
    order, invoice = stage.sold(3)
    blue = stage.issued(invoice)
    notes = [stage.credited(order, 1) for _ in range(2)]
    held = store.get(blue)
    stage.become(blue, "issued", reds={"fap_other": held.total - 113})

    early, late = together(*[lambda one=one: stage.ask(credit_note_id=one) for one in notes])  # type: ignore[misc]

    assert early.status == 201
    refused(late, 409, "red_exceeds_blue")


def test_of_a_submission_and_a_withdrawal_one_comes_first(stage: Stage) -> None:
    for submit_first in (True, False):
        (sale,) = stage.sales(1)
        name = confirmed(stage, sale)
        commands = [
            lambda name=name: stage.do(name, "red-confirmation/withdraw"),  # type: ignore[misc]
            lambda name=name: stage.do(name, "submit"),  # type: ignore[misc]
        ]
        first, second = commands if submit_first else commands[::-1]

        early, late = together(first, second)

        assert early.body["state"] == ("submitted" if submit_first else "confirmation_withdrawn")
        refused(late, 409, "invalid_state")


def confirmed(stage: Stage, sale: Sale) -> str:
    name = stage.red_of(sale, type="general")
    assert stage.do(name, "red-confirmation").body["state"] == "confirmation_confirmed"
    return name
