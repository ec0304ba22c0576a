"""Where statement files lie, and small ones made of rows: an excerpt in the project, the whole where it is."""

import os
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from soms.billing.statements.model import Statement, StatementLine
from soms.billing.statements.reading import read
from soms.billing.statements.refusals import Unreadable

PROJECT = Path(__file__).resolve().parents[4]
EXCERPT = PROJECT / "tests" / "data" / "statements"
BESIDE = PROJECT.parent / "shared" / "data"
WHOLE = Path(os.environ.get("SOMS_DATA") or BESIDE)
SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")


def files(root: Path) -> list[Path]:
    """Return the bank's and providers' files under a root, none if it is not there."""
    return sorted(
        path
        for folder in ("bank", "settlement")
        for path in (root / folder).rglob("*")
        if path.is_file() and path.suffix != ".json" and path.name != "LICENSE"
    )


def statement(
    header: str, *rows: str, above: str = "", below: str = "", zone: ZoneInfo = SHANGHAI
) -> Statement:
    """Return the one statement of a table with this header and these rows."""
    content = "\n".join([*above.splitlines(), header, *rows, *below.splitlines()])
    (only,) = read(content.encode(), "a.csv", zone=zone)
    return only


def line(header: str, row: str, zone: ZoneInfo = SHANGHAI) -> StatementLine:
    """Return the one line of a table of one row."""
    (only,) = statement(header, row, zone=zone).lines
    return only


def money(one: StatementLine) -> tuple[str, str, str, str]:
    """Return kind, amount, fee and net of a line."""
    return one.kind, str(one.amount), str(one.fee), str(one.net)


def refused(header: str, row: str) -> tuple[str, int | None]:
    """Return the code and the row with which a table of one row is refused."""
    with pytest.raises(Unreadable) as refusal:
        statement(header, row)
    return refusal.value.code, refusal.value.row
