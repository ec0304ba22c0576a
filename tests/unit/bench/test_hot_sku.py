"""The simulator of a hot SKU: its sums are exact, its runs repeat, and it sees what it should see."""

from dataclasses import replace

import pytest
import typer
from typer.testing import CliRunner

from infra.bench import hot_sku
from infra.bench.hot_sku import Load, Outcome, Run, holds

LITTLE = Load(orders=200, seconds=4, stock=10_000)
SCARCE = replace(LITTLE, stock=600)


def play(shards: int, load: Load, seed: int = 1) -> Outcome:
    return Run(shards, load, seed).play()


@pytest.mark.parametrize("shards", [1, 4, 16])
@pytest.mark.parametrize("load", [LITTLE, SCARCE])
def test_every_order_has_one_end_and_every_unit_one_place(shards: int, load: Load) -> None:
    one = play(shards, load)

    assert one.served + one.no_stock + one.refused == one.offered
    assert one.sold + one.left == load.stock
    assert len(one.seconds) == one.served


def test_the_same_seed_makes_the_same_run_and_another_seed_another() -> None:
    assert play(8, LITTLE) == play(8, LITTLE)
    assert play(8, LITTLE) != play(8, LITTLE, seed=2)


def test_one_shard_refuses_most_and_many_shards_hardly_any() -> None:
    heavy = Load(orders=500, seconds=4)

    assert play(1, heavy).refused > heavy.orders * heavy.seconds / 2
    assert holds(play(16, heavy), heavy.stock)


def test_a_partition_that_serves_too_little_is_what_refuses_when_nothing_conflicts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    instant = Load(orders=500, seconds=4, held_ms=0)
    enough = play(1, instant)
    monkeypatch.setattr(hot_sku, "WRITE_UNITS", 100.0)

    throttled = play(1, instant)

    assert enough.refused == 0
    assert throttled.refused > 0


def test_the_last_unit_is_sold_from_whichever_shards_have_it() -> None:
    one = play(16, SCARCE)

    assert one.no_stock > 0
    assert (one.unsold, one.left) == (0, 0)


def test_without_gathering_units_stay_unsold(monkeypatch: pytest.MonkeyPatch) -> None:
    def look(self: Run, units: int) -> dict[int, int]:
        enough = [one for one in range(self.shards) if self.shelf.free[one] >= units]
        return {enough[0]: units} if enough else {}

    monkeypatch.setattr(Run, "look", look)

    one = play(16, replace(SCARCE, units=(3,)))

    assert one.unsold > 0
    assert not holds(one, SCARCE.stock)


def test_the_command_prints_both_tables_and_fails_where_the_budget_is_not_kept() -> None:
    app = typer.Typer()
    app.command()(hot_sku.main)
    good = CliRunner().invoke(app, ["--orders", "100", "--seconds", "2"])
    bad = CliRunner().invoke(app, ["--orders", "500", "--seconds", "2", "--held-ms", "200"])

    assert (good.exit_code, bad.exit_code) == (0, 1)
    assert "stock enough" in good.output
    assert "stock running out" in good.output
    assert "not kept" in bad.output
