"""Every AWS call of every command on tax invoices, the simulated platform's among them, struck by each fault.

Whatever happens, the command repeated with its key is answered well, and gone on with it ends where it does
undisturbed: one tax invoice on the platform for one document of ours, with its files, and never a second.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from soms.billing.fapiao import store

from tests.faults.sampled import marked
from tests.faults.wire import WRITES, Fault, Wire, happens_to
from tests.functions.fapiao_stage import PATH, Sale, Stage
from tests.world import Answer, World

EVERY_FAULT = bool(os.environ.get("SOMS_LONG"))
ALWAYS = (Fault.CRASH_BEFORE, Fault.ANSWER_LOST, Fault.CRASH_AFTER)
KEPT = frozenset({*WRITES, "PutObject"})
NEXT = {
    "requested": "submit",
    "submitted": "refresh",
    "unknown": "refresh",
    "rejected": "submit",
    "issued": "refresh",
    "confirmation_applied": "refresh",
    "confirmation_withdrawing": "refresh",
    "confirmation_confirmed": "submit",
}
STEPS = 9


@dataclass(frozen=True)
class Plot:
    """A command, what goes before it, and where it ends when it is gone on with."""

    command: str
    ready: Callable[[Stage, Sale], str]
    end: str = "issued"


def asked(stage: Stage, sale: Sale) -> str:
    return stage.requested(sale.invoice)


def submitted(stage: Stage, sale: Sale) -> str:
    name = asked(stage, sale)
    stage.do(name, "submit")
    return name


def filed(stage: Stage, sale: Sale) -> str:
    name = stage.issued(sale.invoice)
    stage.become(name, "issued", files={})
    return name


def red(stage: Stage, sale: Sale) -> str:
    return stage.red_of(sale)


def applied(stage: Stage, sale: Sale) -> str:
    name = red(stage, sale)
    stage.do(name, "red-confirmation")
    return name


def looked_at(stage: Stage, sale: Sale) -> str:
    name = applied(stage, sale)
    stage.do(name, "refresh")
    return name


def confirmed(stage: Stage, sale: Sale) -> str:
    name = looked_at(stage, sale)
    stage.do(name, "refresh")
    return name


def red_submitted(stage: Stage, sale: Sale) -> str:
    name = confirmed(stage, sale)
    stage.do(name, "submit")
    return name


WITHDRAWN = "confirmation_withdrawn"
PLOTS = {
    "submit": Plot("submit", asked),
    "refresh what is submitted": Plot("refresh", submitted),
    "refresh what lacks files": Plot("refresh", filed),
    "apply": Plot("red-confirmation", red),
    "refresh what is applied": Plot("refresh", looked_at),
    "withdraw": Plot("red-confirmation/withdraw", applied, WITHDRAWN),
    "refresh a red one": Plot("refresh", red_submitted),
}
LONGER = {
    "withdraw what is confirmed": Plot("red-confirmation/withdraw", confirmed, WITHDRAWN),
    "submit a red one": Plot("submit", confirmed),
}
if EVERY_FAULT:
    PLOTS |= LONGER


@pytest.fixture
def wire() -> Iterator[Wire]:
    with Wire.tapped() as tapped:
        yield tapped


@pytest.fixture
def stage(world: World) -> Stage:
    return Stage.set(world)


def blows(calls: list[str]) -> list[tuple[int, Fault]]:
    """Return what is to happen to which call: to each that writes, what leaves in the dark whether it did.

    In the long form everything happens to every call.
    """
    if not EVERY_FAULT:
        return [(at, fault) for at, call in enumerate(calls) if call in KEPT for fault in ALWAYS]
    return [(at, fault) for at, call in enumerate(calls) for fault in Fault if happens_to(fault, call)]


def gone_on_with(stage: Stage, name: str, end: str) -> dict[str, Any]:
    for step in range(STEPS):
        fapiao = stage.get(name)
        if fapiao["state"] == end and (end != "issued" or len(fapiao["files"]) == 3):
            break
        stage.do(name, NEXT[fapiao["state"]], key=f"{name}-{step}")
    return stage.get(name)


def found(stage: Stage, names: list[str]) -> list[dict[str, Any]]:
    """Return all that came of each, but for what tells one from another; one look at the platform for all."""
    papers, ends = stage.papers(), []
    for fapiao in map(stage.get, names):
        mine = [one for one in papers if one["paper"]["reference"] == fapiao["document_number"]]
        shown = ("state", "kind", "total", "confirmation_round", "trouble")
        numbers = [one["number"] == fapiao["number"] for one in mine]
        ends.append({one: fapiao[one] for one in shown} | {"files": sorted(fapiao["files"]), "numbers": numbers})
    return ends


@pytest.mark.parametrize("title", [pytest.param(one, marks=mark) for one, mark in marked(list(PLOTS)).items()])
def test_a_command_ends_as_undisturbed_whatever_happens_to_its_calls(
    stage: Stage, wire: Wire, title: str
) -> None:
    plot = PLOTS[title]
    (sale,) = stage.sales(1)
    names, wrong = [plot.ready(stage, sale)], []
    calls, answer = wire.record(lambda: stage.do(names[0], plot.command))
    assert answer.status == 200, answer.text
    gone_on_with(stage, names[0], plot.end)

    cases = blows(calls)
    for (at, fault), sale in zip(cases, stage.sales(len(cases)), strict=True):
        name = plot.ready(stage, sale)
        names.append(name)

        def send(name: str = name) -> Answer:
            return stage.do(name, plot.command, key=f"{name}-k")

        told, struck = wire.strike(at, fault, send), wire.struck
        again = send()
        if not struck or again.status != 200 or (told is not None and told.status not in {200, 503}):
            wrong.append((at, calls[at], fault, struck, told and told.status, again.text))
        gone_on_with(stage, name, plot.end)

    calm, *ends = found(stage, names)
    assert calm["numbers"] == ([True] if plot.end == "issued" else [])
    assert [(case, end) for case, end in zip(cases, ends, strict=True) if end != calm] == []
    assert wrong == []
    stage.world.drain()
    assert stage.world.broken() == []


def test_asking_takes_effect_once_whatever_happens_to_its_calls(stage: Stage, wire: Wire) -> None:
    def send(invoice: str) -> Answer:
        return stage.world.call("POST", PATH, {"invoice_id": invoice}, as_="finance", key=invoice)

    (first,) = stage.sales(1)
    calls, answer = wire.record(lambda: send(first.invoice))
    assert answer.status == 201
    cases, struck = blows(calls), []
    for (at, fault), sale in zip(cases, stage.sales(len(cases)), strict=True):
        invoice = sale.invoice
        # Bound as a default, so that the loop cannot change it; mypy cannot type such a lambda.
        wire.strike(at, fault, lambda invoice=invoice: send(invoice))  # type: ignore[misc]
        again = send(invoice)
        struck.append((fault, again.status, again.body.get("version"), stage.get(again.body["id"])["state"]))

    assert {one[1:] for one in struck} == {(201, 1, "requested")}


def test_the_sweep_that_dies_leaves_what_the_next_one_ends(stage: Stage, wire: Wire) -> None:
    (first,) = stage.sales(1)
    name = submitted(stage, first)
    overdue = {"due_at": "2026-01-01T00:00:00.000000Z"}
    stage.become(name, "submitted", **overdue)
    calls, told = wire.record(stage.sweep)
    assert told == {"asked": 1, "failed": 0}
    assert stage.state(name) == "issued"

    cases, ends = blows(calls), []
    for (at, fault), sale in zip(cases, stage.sales(len(cases)), strict=True):
        other = submitted(stage, sale)
        stage.become(other, "submitted", **overdue)
        wire.strike(at, fault, stage.sweep)
        for _ in range(3):
            fapiao = store.get(other)
            if fapiao.due_at:
                stage.become(other, fapiao.state, **overdue)
            stage.sweep()
        ends.append((stage.state(other), len(stage.get(other)["files"]), len(stage.on_platform(fapiao.document_id))))

    assert set(ends) == {("issued", 3, 1)}
