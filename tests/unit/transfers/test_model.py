"""The states of an import, and what leads from one to another."""

import pytest
from pydantic import ValidationError
from soms.kit.problems import Fault, Invalid, InvalidState, NotFound
from soms.transfers.kinds import KINDS
from soms.transfers.model import STEPS, UNDER_WAY, Import, ImportRequest, KindName, RowError, State

JOB = Import(
    id="imp_1",
    kind=KindName.BANK_STATEMENTS,
    file_name="a.csv",
    time_zone="UTC",
    created_at="2026-11-25T00:00:00.000000Z",
    created_by="fay",
)
ALLOWED = {
    State.AWAITING_UPLOAD: ["cancel", "retry"],
    State.VALIDATING: ["cancel", "retry"],
    State.READY: ["apply", "cancel"],
    State.APPLYING: ["cancel", "retry"],
    State.DONE: [],
    State.DONE_WITH_ERRORS: [],
    State.FAILED: ["retry"],
    State.CANCELLED: [],
}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("command", STEPS)
def test_a_command_is_taken_in_its_states_and_refused_with_what_is_allowed(command: str, state: State) -> None:
    job = JOB.model_copy(update={"state": state})

    if command in ALLOWED[state]:
        assert job.require(command)
    else:
        with pytest.raises(InvalidState) as refused:
            job.require(command)
        assert refused.value.meta == {"state": state, "allowed": ALLOWED[state]}


def test_whatever_is_under_way_can_be_begun_again_and_stopped() -> None:
    for state in UNDER_WAY:
        assert {"retry", "cancel"} <= set(ALLOWED[state])


def test_every_kind_has_an_entry() -> None:
    assert set(KINDS) == set(KindName)


def test_a_row_is_told_the_first_fault_of_a_refusal_or_else_its_own_words() -> None:
    fault = Fault("unknown_currency", ("no such currency", "没有该货币"), "/currency")

    named = RowError.of(Invalid(fault), 7)
    unnamed = RowError.of(NotFound(), 8)

    assert (named.row, named.code, named.message_zh) == (7, "unknown_currency", "没有该货币")
    assert (unnamed.row, unnamed.code, unnamed.message_en) == (8, "not_found", NotFound.detail[0])


@pytest.mark.parametrize("name", ["", "a/b.csv", "..\\b.csv", "a\nb.csv", "a\x00.csv", "x" * 201])
def test_a_file_has_a_plain_name(name: str) -> None:
    with pytest.raises(ValidationError):
        ImportRequest.model_validate({"kind": "bank_statements", "file_name": name})


@pytest.mark.parametrize("name", ["a.csv", "对账单 2026-11.xml", "STATEMENT"])
def test_a_file_may_be_called_whatever_a_bank_calls_it(name: str) -> None:
    assert ImportRequest(kind=KindName.SETTLEMENTS, file_name=name).file_name == name
