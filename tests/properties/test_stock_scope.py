"""No interleaving of a few commands oversells, loses an effect or leaves somebody waiting beside goods."""

import os
import sys

import pytest

from tests.properties.stock_scope import Counterexample, Explored, Scope, explore
from tests.properties.stock_scopes import LONG, SHORT, TEETH
from tests.properties.stock_state import Rules

FULL = bool(os.environ.get("SOMS_LONG"))
SCOPES = (*SHORT, *LONG) if FULL else SHORT
LEAST_STATES, LEAST_TRANSITIONS = (850_000, 2_700_000) if FULL else (100_000, 300_000)


def test_in_no_reachable_state_is_anything_oversold_or_lost() -> None:
    found = {scope: explore(scope) for scope in SCOPES}

    for scope, one in found.items():
        sys.stdout.write(f"scope: {scope.name}: {_told(one)}\n")
    states, transitions = (sum(one[part] for one in map(_counts, found.values())) for part in (0, 1))
    sys.stdout.write(f"scope: {len(found)} scopes, {states} states, {transitions} transitions, 0 refuted\n")
    assert states > LEAST_STATES
    assert transitions > LEAST_TRANSITIONS


def test_every_condition_of_the_protocol_has_a_scope_that_needs_it() -> None:
    assert set(TEETH) == set(Rules._fields)


@pytest.mark.parametrize(("condition", "scope"), TEETH.items(), ids=TEETH)
def test_without_one_of_its_conditions_the_protocol_is_refuted(condition: str, scope: Scope) -> None:
    with pytest.raises(Counterexample) as found:
        explore(scope, Rules()._replace(**{condition: False}))

    sys.stdout.write(f"teeth: without `{condition}`, in {found.value}\n")


def _counts(one: Explored) -> tuple[int, int]:
    return one.states, one.transitions


def _told(one: Explored) -> str:
    return f"{one.states} states, {one.transitions} transitions, {one.ends} ends, {one.deepest} steps deep"
