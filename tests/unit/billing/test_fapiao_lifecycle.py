"""A tax invoice goes where the table says and nowhere else, and every state can be left or is the end."""

from decimal import Decimal
from typing import get_args

import pytest
from soms.billing.fapiao import lifecycle
from soms.billing.fapiao.model import Fapiao, Kind, State
from soms.kit.problems import InvalidState

KINDS: tuple[Kind, ...] = get_args(Kind)
STATES: tuple[State, ...] = get_args(State)
EVERY = [(kind, state) for kind in KINDS for state in STATES]
ALLOWED: dict[tuple[str, str], list[str]] = {
    ("blue", "requested"): ["submit"],
    ("blue", "submitted"): ["refresh"],
    ("blue", "unknown"): ["refresh"],
    ("blue", "rejected"): ["submit", "refresh"],
    ("blue", "issued"): ["refresh"],
    ("red", "requested"): ["apply", "confirm"],
    ("red", "confirmation_applied"): ["withdraw", "refresh"],
    ("red", "confirmation_withdrawing"): ["refresh"],
    ("red", "confirmation_confirmed"): ["submit", "withdraw", "refresh"],
    ("red", "confirmation_refused"): ["apply", "confirm"],
    ("red", "confirmation_withdrawn"): ["apply", "confirm"],
    ("red", "submitted"): ["refresh"],
    ("red", "unknown"): ["refresh"],
    ("red", "rejected"): ["submit", "apply", "confirm", "refresh"],
    ("red", "issued"): ["refresh"],
}


def standing(kind: Kind, state: State) -> Fapiao:
    return Fapiao(
        id="fap_1",
        kind=kind,
        type="general",
        state=state,
        document_id="inv_1",
        document_number="INV-1",
        invoice_id="inv_1",
        buyer_id="cus_1",
        title="某公司",
        net=Decimal(100),
        tax=Decimal(13),
        total=Decimal(113),
        requested_at="2026-11-23T00:00:00Z",
        requested_by="ada",
    )


@pytest.mark.parametrize(("kind", "state"), list(ALLOWED), ids="-".join)
def test_a_state_allows_what_it_should(kind: Kind, state: State) -> None:
    assert lifecycle.allowed(standing(kind, state)) == ALLOWED[kind, state]


@pytest.mark.parametrize(("kind", "state"), EVERY, ids="-".join)
def test_a_command_the_table_does_not_have_is_refused_with_what_is_allowed(kind: Kind, state: State) -> None:
    fapiao = standing(kind, state)

    for command in set(lifecycle.CLIENTS) - set(lifecycle.allowed(fapiao)):
        with pytest.raises(InvalidState) as refused:
            lifecycle.require(fapiao, command)
        assert refused.value.meta == {"state": state, "allowed": lifecycle.allowed(fapiao)}


def test_every_state_of_the_table_can_be_reached_and_all_but_issued_can_be_left() -> None:
    steps = (*lifecycle.COMMANDS, *lifecycle.ANSWERS)
    for kind in KINDS:
        mine = [step for step in steps if kind in step.kinds]
        reached: set[State] = {"requested"}
        for _ in STATES:
            reached |= {to for step in mine for state, to in step.leads.items() if state in reached}
        left = {state for step in mine for state, to in step.leads.items() if to != state}

        assert reached == {state for one, state in ALLOWED if one == kind}
        assert left == reached - {"issued"}


def test_what_is_issued_stays_issued_whatever_is_told_late() -> None:
    issued = standing("red", "issued")

    told = {step.name: lifecycle.find(lifecycle.ANSWERS, step.name, issued) for step in lifecycle.ANSWERS}

    assert set(told.values()) == {None}


def test_one_with_all_its_files_has_nothing_to_ask() -> None:
    file = {"format": "pdf", "key": "k", "sha256": "0", "bytes": 1}
    whole = standing("blue", "issued").model_copy(update={"files": dict.fromkeys(("pdf", "ofd", "xml"), file)})

    assert lifecycle.allowed(whole) == []
