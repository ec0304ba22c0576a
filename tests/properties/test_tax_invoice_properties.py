"""Whatever people, the platform, the line and buyers do, and in whatever order: one document, one tax invoice."""

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from soms.billing.fapiao import lifecycle, sending, simulated_books, simulator, store
from soms.billing.fapiao.model import Fapiao, fapiao_id
from soms.billing.fapiao.port import Paper

from tests.functions.fapiao_stage import PATH, Sale, Stage
from tests.world import World

SEED = os.environ.get("SOMS_SEED", "1")
SALES, STEPS = (12, 400) if os.environ.get("SOMS_LONG") else (3, 180)
CALLS = ("issue", "query", "apply_red", "query_red", "confirm_red", "cancel_red")
OFTEN = (*["issue"] * 5, *CALLS)
"""What is disturbed: most of all the call that must not have its effect twice."""
TITLES = (*["某公司"] * 5, f"某公司 {simulator.REJECTED}", f"某公司 {simulator.REFUSING}", f"某公司 {simulator.SILENT}")
TOLD = {200, 201, 404, 409, 422}
ROUNDS = 12


@dataclass
class Play:
    """A company, its sales, a dice, and papers that are still on their way to the platform."""

    stage: Stage
    dice: random.Random
    sales: list[Sale]
    underway: list[Paper] = field(default_factory=list)

    def act(self) -> None:
        """Do one thing that anybody may do at any time."""
        moves: tuple[Callable[[], None], ...] = (
            *[self.ask, self.ask, self.command, *[self.go_on] * 6],
            *[self.disturb, self.disturb, self.disturb, self.arrive, self.arrive, self.buyer],
        )
        self.dice.choice(moves)()

    def ask(self) -> None:
        sale = self.dice.choice(self.sales)
        said = {"title": self.dice.choice(TITLES), "type": self.dice.choice(["general", "special"])}
        blue = self.dice.random() < 0.4
        body = {"invoice_id": sale.invoice, **said} if blue else {"credit_note_id": sale.note}
        self.send("", body)

    def command(self) -> None:
        commands = ("submit", "refresh", "red-confirmation", "red-confirmation/withdraw")
        self.send(f"/{self.any()}/{self.dice.choice(commands)}", {})

    def go_on(self) -> None:
        """Do what the tax invoice allows, and correct a title that was rejected."""
        found = store.get_many([self.any()])
        if not found or not (words := lifecycle.allowed(found[0])):
            return
        paths = {"apply": "red-confirmation", "withdraw": "red-confirmation/withdraw"}
        word = self.dice.choice([one for one in words if one != "confirm"])
        fix = word == "submit" and found[0].kind == "blue"
        before = found[0]
        self.send(f"/{before.id}/{paths.get(word, word)}", {"title": self.dice.choice(TITLES)} if fix else {})
        after = store.get(before.id)
        if after.state in {"submitted", "unknown"}:
            paper = sending.paper(after, after.serial)
            self.underway += [] if paper in self.underway else [paper]

    def disturb(self) -> None:
        troubles = self.dice.choices(["lost", "unreached"], k=self.dice.randint(1, 2))
        simulated_books.plan(self.dice.choice(OFTEN), *troubles)

    def arrive(self) -> None:
        """Let something sent long ago reach the platform only now, or once more."""
        if self.underway:
            self.stage.platform().issue(self.dice.choice(self.underway))

    def buyer(self) -> None:
        found = store.get_many([self.any()])
        if found and found[0].confirmation_number:
            self.stage.platform().buyer_decides(
                found[0].confirmation_number, self.dice.choice(["confirmed", "refused"])
            )

    def send(self, path: str, body: dict[str, object]) -> None:
        answer = self.stage.world.call("POST", f"{PATH}{path}", body, as_="finance")
        assert answer.status in TOLD, answer.text

    def any(self) -> str:
        return self.dice.choice([*[one.id for one in self.all()], fapiao_id(self.dice.choice(self.sales).invoice)])

    def calm(self) -> None:
        """Let nothing go wrong any more, and pursue all until nothing waits."""
        for call in CALLS:
            simulated_books.plan(call)
        # The platform issues what it has accepted, whether we ask or not.
        for paper in self.stage.papers(accepted=True):
            self.stage.platform().query(paper["paper"]["serial"])
        for hours in range(0, ROUNDS * 10, 10):
            for one in self.all():
                if one.state in lifecycle.WAITING | {"rejected"}:
                    now = _in(hours)
                    sending.pursue(one, simulator.Simulator(now), now=now)
        assert [one for one in self.all() if one.state in lifecycle.WAITING] == []

    def all(self) -> list[Fapiao]:
        documents = [name for sale in self.sales for name in (sale.invoice, sale.note)]
        return store.get_many(map(fapiao_id, documents))


def _in(hours: int) -> Callable[[], datetime]:
    return lambda: datetime.now(UTC) + timedelta(hours=hours)


@pytest.mark.parametrize("round_", range(2))
def test_a_document_has_at_most_one_tax_invoice_and_red_ones_never_exceed_the_blue(
    world: World, round_: int
) -> None:
    stage = Stage.set(world)
    play = Play(stage, random.Random(f"{SEED} {round_}"), stage.sales(SALES))  # noqa: S311 a dice, no secret

    for _ in range(STEPS):
        play.act()
    play.calm()

    issued: dict[str, list[dict[str, object]]] = {}
    for paper in stage.papers():
        issued.setdefault(paper["paper"]["reference"], []).append(paper)
    assert {number: len(several) for number, several in issued.items() if len(several) > 1} == {}
    for one in play.all():
        numbers = [paper["number"] for paper in issued.get(one.document_number, [])]
        assert numbers == ([one.number] if one.state == "issued" else []), (one.id, one.state)
        reds = [red.total for red in store.get_many(one.reds) if red.state == "issued"]
        assert sum(reds, Decimal(0)) <= one.total
    assert issued
    world.drain()
    assert world.broken() == []
