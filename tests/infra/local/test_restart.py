"""A proper stop keeps the data; what only lives in the engine's memory is put back."""

import os
import socket
import time
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from infra.local import aftermath, people, whole_save
from infra.local.deploy import deploy
from infra.local.engine import Engine, remembered_port
from infra.local.home import Home
from infra.local.restore import locked_buckets, retain_objects
from tests.infra.local import sample
from tests.infra.local.conftest import Deployed, deployed

PATIENCE = 20.0


def test_a_second_start_comes_back_with_its_data_and_its_locks(tmp_path: Path) -> None:
    with deployed(tmp_path) as running:
        bucket = running.outputs["FilesBucket"]
        running.account.client("dynamodb").put_item(
            TableName="soms-sample-things", Item={"pk": {"S": "kept"}}
        )
        stored = running.account.client("s3").put_object(Bucket=bucket, Key="invoice", Body=b"kept")
        users = people.of(tmp_path / "people.json", running.account, running.outputs, lambda _: None)
        users.ensure({"sales": "sales"})
        token = users.token("sales")

        litter = running.engine.home.scratch / "litter"
        litter.write_text("left behind")

        running.engine.stop()
        running.engine.start()
        said: list[str] = []
        outputs = deploy(running.account, sample.write(tmp_path / "assembly"), said.append)
        locked = retain_objects(running.account, locked_buckets(running.account))

        assert said[:2] == [f"{sample.DATA}: unchanged", f"{sample.APP}: unchanged"]
        assert outputs == running.outputs
        assert locked == 1
        assert not litter.exists()
        assert users.ensure({"sales": "sales"}) == []
        assert running.get(token)[0] == 200
        assert _is_kept(running, bucket, stored["VersionId"])


def _is_kept(running: Deployed, bucket: str, version: str) -> bool:
    s3, dynamodb = running.account.client("s3"), running.account.client("dynamodb")
    with s3.get_object(Bucket=bucket, Key="invoice")["Body"] as body:
        assert body.read() == b"kept"
    assert "Item" in dynamodb.get_item(TableName="soms-sample-things", Key={"pk": {"S": "kept"}})
    with pytest.raises(ClientError) as refused:
        s3.delete_object(Bucket=bucket, Key="invoice", VersionId=version)
    return bool(refused.value.response["Error"]["Code"] == "AccessDenied")


def test_an_engine_whose_supervisor_is_gone_saves_its_data_and_leaves(tmp_path: Path) -> None:
    with deployed(tmp_path) as running:
        process = running.engine.process
        assert process
        assert process.stdin

        process.stdin.close()
        process.wait(PATIENCE)

        assert running.engine.home.has_data()


def test_a_save_that_is_cut_off_leaves_what_was_saved_before_it(tmp_path: Path) -> None:
    with deployed(tmp_path) as running:
        engine, dynamodb = running.engine, running.account.client("dynamodb")
        dynamodb.put_item(TableName="soms-sample-things", Item={"pk": {"S": "kept"}})
        engine.stop()
        saved = _files(engine.home.engine_state)
        engine.start()
        dynamodb.put_item(TableName="soms-sample-things", Item={"pk": {"S": "lost"}})

        _cut_off_while_saving(engine, "s3")  # which is saved after the tables
        torn = _files(engine.home.engine_state)
        aftermath.settle(engine.home, lambda _: None)

        assert torn != saved
        assert _files(engine.home.engine_state) == saved
        engine.start()
        assert dynamodb.scan(TableName="soms-sample-things")["Items"] == [{"pk": {"S": "kept"}}]


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.json")}


def _cut_off_while_saving(engine: Engine, service: str) -> None:
    """Let the engine hang while it saves a service, and kill it."""
    assert engine.process
    obstacle = engine.home.engine_state / f"{service}.json.tmp"
    os.mkfifo(obstacle)
    engine.process.terminate()
    deadline = time.monotonic() + PATIENCE
    while not whole_save.before(engine.home.engine_state).exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(1)
    engine.process.kill()
    engine.stop()
    for folder in (engine.home.engine_state, whole_save.before(engine.home.engine_state)):
        (folder / obstacle.name).unlink(missing_ok=True)


def test_an_idle_engine_is_quiet(tmp_path: Path) -> None:
    with deployed(tmp_path) as running:
        stat = Path(f"/proc/{running.engine.pid}/stat")
        if not stat.exists():
            pytest.skip("the system does not tell a process's time here")
        time.sleep(1)
        before = _ticks(stat)

        time.sleep(2)

        assert _ticks(stat) - before < 20, "more than a tenth of a processor while nothing happens"


def _ticks(stat: Path) -> int:
    fields = stat.read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_the_engines_address_stays_while_it_is_free(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.prepare()
    port = remembered_port(home)
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        elsewhere = remembered_port(home)

    assert elsewhere != port
    assert remembered_port(home) == elsewhere
