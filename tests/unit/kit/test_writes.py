"""The unit of work: what is measured before sending, what refusals mean, which of them is told."""

import os
from typing import Any

import boto3
import pytest
from soms.kit import aws, items, writes
from soms.kit.problems import Fault, Invalid, NotFound, Unavailable
from soms.kit.settings import Setting
from soms.kit.writes import Held, Rank, Stale, TransactionTooLarge, Writes

from tests.world import World


def wrong(place: str) -> Invalid:
    """Return a refusal that names a place."""
    return Invalid(Fault("wrong", ("wrong", "错"), place))


def put(unit: Writes, name: str, *, new: bool = True, **more: Any) -> None:
    """Add the writing of an item to the jobs table, on the condition that it is new."""
    condition = "attribute_not_exists(pk)" if new else "attribute_exists(pk)"
    unit.put(Setting.JOBS, {"pk": name, "sk": "x"}, condition=condition, **more)


def kept() -> set[str]:
    """Return what lies in the jobs table."""
    rows = boto3.client("dynamodb").scan(TableName=os.environ["JOBS_TABLE"])["Items"]
    return {str(items.decode(row)["pk"]) for row in rows}


def test_all_is_written_or_nothing(world: World) -> None:
    first, second = Writes(), Writes()
    put(first, "a")
    put(second, "b")
    put(second, "a", refused=lambda _held: NotFound())

    first.commit()
    with pytest.raises(NotFound):
        second.commit()

    assert kept() == {"a"}


def test_the_same_rank_is_told_together_and_a_higher_rank_alone(world: World) -> None:
    unit = Writes()
    put(unit, "a", new=False, refused=lambda _held: wrong("/a"))
    put(unit, "b", refused=lambda _held: NotFound())
    put(unit, "c", new=False, refused=lambda _held: wrong("/c"))

    with pytest.raises(Invalid) as told:
        unit.commit()
    put(unit, "d", new=False, refused=lambda _held: Stale(), rank=Rank.STATE)
    with pytest.raises(Stale):
        unit.commit()

    assert [fault.pointer for fault in told.value.faults] == ["/a", "/c"]


def test_a_refusal_is_told_what_was_there(world: World) -> None:
    unit, seen = Writes(), list[Held]()
    put(unit, "a")
    unit.commit()

    def refused(held: Held) -> Exception:
        seen.append(held)
        return NotFound()

    again = Writes()
    put(again, "a", refused=refused)
    with pytest.raises(NotFound):
        again.commit()

    assert seen == [{"pk": "a", "sk": "x"}]


def test_a_refusal_that_nobody_explained_is_a_bug(world: World) -> None:
    unit = Writes()
    put(unit, "a", new=False)

    with pytest.raises(Exception, match="TransactionCanceledException") as told:
        unit.commit()

    assert aws.code_of(told.value) == "TransactionCanceledException"


@pytest.mark.parametrize("count", [0, 101])
def test_a_transaction_has_one_to_a_hundred_actions(world: World, count: int) -> None:
    unit = Writes()
    for number in range(count):
        put(unit, str(number))

    with pytest.raises(TransactionTooLarge):
        unit.commit()

    assert len(unit) == count


def test_an_item_has_at_most_400_kilobytes(world: World) -> None:
    unit = Writes()
    unit.put(Setting.JOBS, {"pk": "a", "sk": "x", "text": "字" * 137_000})

    with pytest.raises(TransactionTooLarge):
        unit.commit()


def test_a_decision_is_taken_again_while_what_it_read_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    tries: list[int] = []

    def attempt() -> int:
        tries.append(1)
        if len(tries) < 3:
            raise Stale
        return len(tries)

    def never() -> int:
        raise Stale

    assert writes.decide(attempt) == 3
    with pytest.raises(Unavailable) as told:
        writes.decide(never)
    assert (told.value.status, told.value.retry_after) == (503, 1)
