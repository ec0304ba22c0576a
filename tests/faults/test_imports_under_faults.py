"""Every call of every part of an import, struck: repeated, it ends as if nothing had happened."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from soms.transfers.kinds import KINDS
from soms.transfers.model import KindName

from tests.faults.wire import Fault, Wire
from tests.imports import KIND, Desk, Hurried, read, some, statement, take
from tests.world import Answer, World

FAULTS = (Fault.CRASH_BEFORE, Fault.ANSWER_LOST, Fault.CRASH_AFTER, Fault.THROTTLED, Fault.BROKEN)
DELIVERIES = 3
"""A run in the background that fails is begun twice again."""


@pytest.fixture
def wire() -> Iterator[Wire]:
    with Wire.tapped() as tapped:
        yield tapped


@pytest.fixture
def desk(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    for name in KINDS:
        monkeypatch.setitem(KINDS, name, KIND)
    desk = Desk(world)
    yield desk
    world.drain()
    assert world.broken() == []


def file(name: str) -> bytes:
    """Return a file in which good rows stand beside each kind of bad one, all of its own."""
    rows = [("1", "1.00"), ("2", "x"), ("3", "3.00"), ("1", "1.00"), ("5", "13.00"), ("6", "6.00"), ("7", "7.00")]
    return statement(*((f"{name}-{row}", amount) for row, amount in rows), account=name)


def end(desk: Desk, import_id: str, name: str) -> object:
    """Return how an import ended, less its names and times."""
    body = desk.get(import_id).body
    taken = [one.removeprefix(name) for one in desk.taken() if one.startswith(f"{name}-")]
    errors = [(one["row"], one["code"]) for one in body["errors"]]
    told = desk.errors(desk.get(import_id)) if body["errors_url"] else []
    rows = [(one["_row"], one["_code"]) for one in told]
    return body["state"], body["counts"], body["progress"], errors, rows, taken


def fell(run: Callable[[], object]) -> bool:
    """Begin a run in the background; tell whether it failed or died, for only then it is begun again."""
    try:
        return run() is None
    except Exception:  # noqa: BLE001 whatever it is, Lambda begins again
        return True


def recorded(wire: Wire, calls: list[str]) -> Callable[[Any], Any]:
    """Return what does something undisturbed and notes its calls."""

    def record(work: Callable[[], Any]) -> Any:
        made, answer = wire.record(work)
        calls.extend(made)
        return answer

    return record


def strike_all(wire: Wire, calls: list[str], run: Callable[[str, Callable[[Any], Any]], object]) -> dict[str, object]:
    """Run once for each call and fault, under a name of its own; return how each ended."""
    ends = {}
    for at, call in enumerate(calls):
        for fault in FAULTS:
            name = f"{at}{fault.name.replace('_', '').lower()}"
            # Bound as defaults, so that the loop cannot change them; mypy cannot type such a lambda.
            ends[f"{at} {call}: {fault}"] = run(name, lambda work, at=at, fault=fault: wire.strike(at, fault, work))  # type: ignore[misc]
            assert wire.struck, (at, fault)
    return ends


def test_a_file_whose_reading_broke_off_is_read_as_if_it_had_not(desk: Desk, wire: Wire) -> None:
    def run(name: str, struck: Callable[[Any], Any]) -> object:
        import_id = str(desk.open().body["id"])
        desk.put(import_id, file(name))
        if fell(lambda: struck(lambda: desk.arrive(import_id))):
            desk.arrive(import_id)
        return end(desk, import_id, name)

    calls: list[str] = []
    calm = run("calm", recorded(wire, calls))
    ends = strike_all(wire, calls, run)

    assert {"GetItem", "GetObject", "PutObject", "TransactWriteItems"} == set(calls)
    assert calm[0] == "ready"  # type: ignore[index]
    assert {case: found for case, found in ends.items() if found != calm} == {}


def test_rows_whose_applying_broke_off_are_applied_as_if_it_had_not(desk: Desk, wire: Wire) -> None:
    def run(name: str, struck: Callable[[Any], Any]) -> object:
        import_id = desk.handed_in(file(name))
        desk.command(import_id, "apply")
        first = list(desk.waiting)
        if fell(lambda: struck(desk.run)):
            desk.waiting += first
        desk.work()
        return end(desk, import_id, name)

    calls: list[str] = []
    calm = run("calm", recorded(wire, calls))
    ends = strike_all(wire, calls, run)

    assert calm[0] == "done_with_errors"  # type: ignore[index]
    assert calls.count("TransactWriteItems") > 6
    assert {case: found for case, found in ends.items() if found != calm} == {}


def test_runs_that_hand_over_to_one_another_break_off_anywhere(desk: Desk, wire: Wire) -> None:
    def run(name: str, struck: Callable[[Any], Any]) -> object:
        import_id = desk.handed_in(file(name))
        desk.command(import_id, "apply")
        first = list(desk.waiting)
        desk.context = Hurried(1)
        if fell(lambda: struck(desk.run)):
            desk.waiting += first
        desk.context = Hurried(1)
        desk.work()
        return end(desk, import_id, name)

    calls: list[str] = []
    calm = run("calm", recorded(wire, calls))
    ends = strike_all(wire, calls, run)

    assert calls[-1] == "Invoke"
    assert {case: found for case, found in ends.items() if found != calm} == {}


@pytest.mark.parametrize("command", ["open", "apply", "cancel", "retry"])
def test_a_command_that_broke_off_takes_effect_once_when_it_is_repeated(
    desk: Desk, wire: Wire, command: str
) -> None:
    def send(import_id: str, name: str) -> Answer:
        if command == "open":
            return desk.open(key=f"open-{name}")
        return desk.command(import_id, command, key=f"{command}-{name}")

    def run(name: str, struck: Callable[[Any], Any]) -> object:
        import_id = "" if command == "open" else desk.handed_in(b"" if command == "retry" else file(name))
        struck(lambda: send(import_id, name))
        again = send(import_id, name)
        import_id = again.body["id"]
        told = again.status, again.body["state"], again.headers["ETag"]
        desk.work()
        return *told, end(desk, import_id, name)

    calls: list[str] = []
    calm = run("calm", recorded(wire, calls))
    ends = strike_all(wire, calls, run)

    assert "TransactWriteItems" in calls
    assert ("Invoke" in calls) == (command in {"apply", "retry"})
    assert {case: found for case, found in ends.items() if found != calm} == {}


def test_a_run_that_dies_each_time_leaves_an_import_that_goes_on_when_it_is_told_to(desk: Desk, wire: Wire) -> None:
    import_id = desk.handed_in(file("d"))
    desk.command(import_id, "apply")
    (first,) = desk.waiting

    for _ in range(DELIVERIES):
        desk.waiting = [first]
        wire.strike(5, Fault.CRASH_AFTER, desk.run)
    stuck = desk.get(import_id).body
    retried = desk.command(import_id, "retry")
    desk.work()

    assert (stuck["state"], stuck["allowed"]) == ("applying", ["cancel", "retry"])
    assert retried.status == 200
    assert desk.get(import_id).body["state"] == "done_with_errors"


def test_a_run_of_before_the_retry_does_nothing_any_more(desk: Desk) -> None:
    import_id = desk.handed_in(file("o"))
    desk.command(import_id, "apply")
    desk.command(import_id, "retry")

    desk.run()
    before = desk.taken()
    desk.run()

    assert before == []
    assert desk.get(import_id).body["state"] == "done_with_errors"


def test_two_runs_at_once_count_every_row_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    import_id = desk.handed_in(file("t"))
    desk.command(import_id, "apply")
    (first,) = desk.waiting

    def taken(*rows: Any, **more: Any) -> Any:
        if not desk.taken():
            monkeypatch.setitem(KINDS, KindName.BANK_STATEMENTS, KIND)
            desk.waiting = [first]
            desk.run()
        return take(*rows, **more)

    monkeypatch.setitem(KINDS, KindName.BANK_STATEMENTS, replace(KIND, apply=taken))
    desk.run()

    told = desk.get(import_id).body
    assert told["state"] == "done_with_errors"
    assert told["counts"] == {"rows": 7, "ok": 4, "failed": 2, "duplicate": 1}


def test_of_two_files_read_at_once_the_one_that_was_counted_is_applied(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_id = str(desk.open().body["id"])
    desk.put(import_id, some(4))

    def overtaken(found: Any) -> Any:
        monkeypatch.setitem(KINDS, KindName.BANK_STATEMENTS, KIND)
        desk.put(import_id, some(6))
        desk.arrive(import_id)
        return read(found)

    monkeypatch.setitem(KINDS, KindName.BANK_STATEMENTS, replace(KIND, read=overtaken))
    desk.arrive(import_id)
    desk.command(import_id, "apply")
    desk.work()

    told = desk.get(import_id).body
    assert (told["state"], told["counts"]["ok"], told["counts"]["rows"]) == ("done", 6, 6)
    assert len(desk.taken()) == 6
