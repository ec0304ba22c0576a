"""Where letters and runs of dunning are kept, and the invoices that are overdue."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

from soms.billing import balances
from soms.billing.model import OpenItem
from soms.billing.receivables.dunning import Letter, Run
from soms.kit import aws, paging
from soms.kit.problems import NotFound
from soms.kit.settings import Setting
from soms.kit.writes import Held, Rank, Stale, Writes

LETTERS: Final = ("d#", "d~")
"""Where in a customer's list letters lie, by day."""


def overdue(day: date) -> Iterator[OpenItem]:
    """Yield the open invoices that fell due before a day, as the index knows them."""
    for shard in range(balances.SHARDS):
        rows = aws.query(
            Setting.BILLING,
            "due_shard = :shard AND due_key < :day",
            {":shard": f"due#{shard}", ":day": str(day)},
            index="by_due",
        )
        yield from map(balances.open_item_of, rows)


def insert_letter(writes: Writes, letter: Letter) -> None:
    """Write a letter once and for ever."""
    _insert(
        writes,
        letter.model_dump(mode="json", exclude_none=True)
        | {
            **_key(letter.id, "letter"),
            "kind": "dunning_letter",
            "issued_key": f"d#{letter.as_of}#{letter.id}",
            "status_shard": _of_run(letter.run_id),
        },
    )


def insert_run(writes: Writes, run: Run) -> None:
    """Write a run once and for ever."""
    _insert(writes, run.model_dump(mode="json") | {**_key(run.id, "run"), "kind": "dunning_run"})


def letter(letter_id: str) -> Letter:
    """Return a letter, or raise NotFound."""
    held = aws.get(Setting.BILLING, _key(letter_id, "letter"), consistent=True)
    if held is None:
        raise NotFound
    return Letter.model_validate(held)


def find_run(run_id: str) -> Run | None:
    """Return a run, or None."""
    held = aws.get(Setting.BILLING, _key(run_id, "run"), consistent=True)
    return Run.model_validate(held) if held else None


def letters_of(customer_id: str, *, limit: int, after: str | None) -> paging.Page:
    """Return one page of the letters to a customer, the newest first."""
    return paging.listed(
        Setting.BILLING,
        "by_customer",
        [customer_id],
        partition="customer_id",
        key="issued_key",
        limit=limit,
        after=after,
        between=LETTERS,
    )


def letters_in(run_id: str, *, limit: int, after: str | None) -> paging.Page:
    """Return one page of the letters that a run wrote."""
    return paging.listed(
        Setting.BILLING,
        "by_status",
        [_of_run(run_id)],
        partition="status_shard",
        key="issued_key",
        limit=limit,
        after=after,
        between=LETTERS,
    )


def every_letter(run_id: str) -> Iterator[Letter]:
    """Yield all letters that a run wrote."""
    rows = aws.query(Setting.BILLING, "status_shard = :run", {":run": _of_run(run_id)}, index="by_status")
    return map(Letter.model_validate, rows)


def _of_run(run_id: str) -> str:
    return f"dunning#{run_id}"


def _key(name: str, part: str) -> dict[str, object]:
    return {"pk": name, "sk": f"dunning_{part}"}


def _insert(writes: Writes, held: Mapping[str, object]) -> None:
    writes.put(Setting.BILLING, held, condition="attribute_not_exists(pk)", refused=_there, rank=Rank.STATE)


def _there(_held: Held) -> Exception:
    return Stale()
