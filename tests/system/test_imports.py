"""A bank's file on the running system: uploaded with its form, read and applied by functions with their own rights."""

import http.client
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from soms.transfers.kinds import KINDS
from soms.transfers.model import KindName

from infra import posting
from tests.system.conftest import System

pytestmark = pytest.mark.system
STATEMENT = """:20:STARTUMS
:25:10010010/1234567890
:28C:00011/001
:60F:C261101EUR1000,00
:61:2611021102CR100,00NTRFNONREF//4711
:86:INV-2026-000001 Teehaus GmbH
:61:2611031103DR25,50NTRFNONREF
:86:Account fee
:62F:C261103EUR1074,50
-
"""


def test_a_statement_is_read_on_trial_applied_once_and_known_ever_after(system: System, tmp_path: Path) -> None:
    file = tmp_path / "november.sta"
    file.write_text(STATEMENT.replace("\n", "\r\n"))
    command = ("import", str(file), "--kind", "bank_statements", "--source", "testbank")

    trial, applied, again = (system.soms(*command, *more) for more in ((), ("--apply",), ("--apply",)))
    system.drain()

    assert "ready: 2 rows 行, 2 good" in trial.stdout, trial.stdout + trial.stderr
    assert "done: 2 rows 行, 2 taken" in applied.stdout, applied.stdout + applied.stderr
    assert "done: 2 rows 行, 0 taken 已导入, 2 known" in again.stdout, again.stdout + again.stderr
    assert [one.returncode for one in (trial, applied, again)] == [0, 0, 0]
    _, listed = system.call("GET", "/v1/imports?limit=3", as_="finance")
    assert [one["state"] for one in listed["data"]] == ["done", "done", "ready"]
    reconciled = system.soms("reconcile")
    assert reconciled.returncode == 0, reconciled.stdout


def test_what_is_no_statement_fails_and_says_why(system: System, tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("Dear Sir or Madam")

    failed = system.soms("import", str(file), "--kind", "bank_statements", "--apply")
    refused = system.soms("import", str(file), "--kind", "love_letters")

    assert failed.returncode == 2, failed.stdout + failed.stderr
    assert "failed: 0 rows" in failed.stdout
    assert "all errors" in failed.stdout
    assert refused.returncode == 2
    assert "422 not_one_of: /kind" in refused.stdout


def test_a_form_takes_one_file_of_some_size_under_its_own_name_and_nobody_reads_it(system: System) -> None:
    body = {"kind": "bank_statements", "file_name": "november.sta"}
    _, opened = system.call("POST", "/v1/imports", body, as_="finance")
    form = opened["upload"]
    elsewhere = form | {"fields": form["fields"] | {"key": "imports/imp_another/upload"}}
    most = KINDS[KindName.BANK_STATEMENTS].most_bytes

    refused = [
        posting.post(elsewhere, b"x", "a.sta").status,
        posting.post(form, b"", "a.sta").status,
        posting.post(form, b"x" * (most + 1), "a.sta").status,
    ]
    taken = posting.post(form, STATEMENT.encode(), "a.sta").status
    where = urlsplit(form["url"])
    line = http.client.HTTPConnection(where.hostname or "", where.port, timeout=20)
    line.request("GET", f"{where.path}/{form['fields']['key']}")
    read = line.getresponse().status
    line.close()
    system.drain()

    assert refused == [403, 400, 400]
    assert (taken, read) == (204, 403)
    _, told = system.call("GET", f"/v1/imports/{opened['id']}", as_="finance")
    assert (told["state"], told["counts"]["rows"]) == ("ready", 2)
