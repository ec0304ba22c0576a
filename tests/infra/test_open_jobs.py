"""What the local system still has to do of imports: what is under way, and what was just uploaded."""

from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from soms.transfers.kinds import KINDS

from infra.local import work
from tests.imports import KIND, Desk, some
from tests.world import World

OUTPUTS = {"JobsTable": "soms-test-jobs", "UploadsBucket": "soms-test-uploads"}


def test_an_import_is_open_from_its_upload_until_somebody_must_decide(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in KINDS:
        monkeypatch.setitem(KINDS, name, KIND)
    desk, account = Desk(world), SimpleNamespace(client=boto3.client)

    def still_open() -> dict[str, int]:
        found: Any = work.open_jobs(account, OUTPUTS)  # type: ignore[arg-type] # gives clients as one does
        return dict(found)

    import_id = str(desk.open().body["id"])
    opened = still_open()
    desk.put(import_id, some(2))
    uploaded = still_open()
    desk.arrive(import_id)
    ready = still_open()
    desk.command(import_id, "apply")
    begun = still_open()
    desk.work()
    done = still_open()

    assert (opened, ready, done) == ({}, {}, {})
    assert (uploaded, begun) == ({f"upload {import_id}": 1}, {f"job {import_id}": 1})
