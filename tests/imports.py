"""Imports in the tests: a kind with a small reader and a small command, and what works in the background."""

import csv
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import boto3
import requests
from soms.kit import aws, journal
from soms.kit.access import FINANCE, READERS, Caller
from soms.kit.problems import Fault, Invalid
from soms.kit.settings import Setting
from soms.kit.writes import AlreadyDone, Held, Stale, Writes, decide
from soms.transfers import kinds
from soms.transfers.kinds import File, Kind, Outcome
from soms.transfers.model import Row, RowError, Unreadable

from tests.world import Answer, Context, World, module

FAY: dict[str, Any] = {"as_": "finance", "name": "fay"}
BAD_AMOUNT = RowError(code="not_a_decimal", message_en="an amount is needed", message_zh="须为金额")


def read(file: File) -> Iterator[Row]:
    """Read `account,id,amount`: an account's lines share their facts."""
    try:
        text = file.content.decode()
    except UnicodeDecodeError:
        raise Unreadable("not_text", ("the file is not a text", "文件不是文本")) from None
    for number, line in enumerate(csv.DictReader(io.StringIO(text)), start=1):
        if set(line) != {"account", "id", "amount"}:
            raise Unreadable("unknown_format", ("no known format", "无法识别的格式"), number)
        amount = line["amount"].lstrip("-").replace(".", "", 1)
        error = None if amount.isdigit() else BAD_AMOUNT
        yield Row(id=line["id"], value=dict(line), facts={"account": line["account"]}, error=error)


def take(
    values: Sequence[Mapping[str, object]], facts: Mapping[str, object], caller: Caller, *, now: datetime
) -> Outcome:
    """Take lines that are new, in one transaction with its journal entry; an amount of 13 is refused."""
    wrong = [str(value["id"]) for value in values if value["amount"] == "13.00"]
    if wrong:
        raise Invalid(Fault("unlucky", (f"{wrong[0]} is unlucky", f"{wrong[0]} 不吉利"), "/amount"))

    def attempt() -> Outcome:
        places = [{"pk": f"line#{value['id']}", "sk": "line"} for value in values]
        held = aws.get_many([(Setting.BILLING, place) for place in places], consistent=True)
        new = [(place, value) for place, value, one in zip(places, values, held, strict=True) if not one]
        outcome = Outcome(new=len(new), known=len(values) - len(new))
        writes = Writes()
        event = journal.Event(
            name="lines.taken",
            aggregate=f"statement#{facts['account']}",
            version=1,
            resource=("lines", str(facts["account"])),
            facts=outcome.model_dump(),
        )
        journal.record(writes, event, caller, at=now)
        for place, value in new:
            item = {**value, **place, "kind": "line"}
            writes.put(Setting.BILLING, item, condition="attribute_not_exists(pk)", refused=_stale)
        writes.commit()
        return outcome

    try:
        return decide(attempt)
    except AlreadyDone as done:
        return Outcome.model_validate(done.entry["facts"])


def _stale(_held: Held) -> Exception:
    return Stale()


KIND = Kind(may=FINANCE, sees=READERS, read=read, apply=take, options=kinds.ZoneOptions, chunk=3)


def statement(*lines: tuple[str, str], account: str = "A") -> bytes:
    """Return a file of lines with their ids and amounts."""
    return "\n".join(["account,id,amount", *(f"{account},{name},{amount}" for name, amount in lines)]).encode()


def some(count: int) -> bytes:
    """Return a file of so many good lines."""
    return statement(*((f"l{number}", f"{number}.50") for number in range(count)))


class Hurried(Context):
    """A context whose time is over after so many chunks of each run."""

    def __init__(self, chunks: int) -> None:
        self._chunks, self._asked = chunks, 0

    def get_remaining_time_in_millis(self) -> int:
        self._asked += 1
        if self._asked <= self._chunks + 1:
            return 1000
        self._asked = 0
        return 0


@dataclass
class Desk:
    """Where files are handed in: the door, the bucket, and what works in the background."""

    world: World
    waiting: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    context: Context = field(default_factory=Context)

    def __post_init__(self) -> None:
        # The engine of the tests runs no functions: what would begin in the background waits here.
        aws.functions().meta.events.register("before-call.lambda.Invoke", self._invoked)

    def _invoked(self, params: Mapping[str, Any], **_: object) -> tuple[SimpleNamespace, dict[str, int]]:
        name = params["url_path"].split("/")[-2]
        self.waiting.append((name.rpartition("-")[2], json.loads(params["body"])))
        return SimpleNamespace(status_code=202), {"StatusCode": 202}

    def open(self, **more: Any) -> Answer:
        body = {"kind": "bank_statements", "file_name": "november.csv"} | more.pop("body", {})
        return self.world.call("POST", "/v1/imports", body, **{**FAY, **more})

    def upload(self, answer: Answer, content: bytes) -> int:
        """Send a file with the form that came back, as a browser does."""
        form = answer.body["upload"]
        sent = requests.post(form["url"], data=form["fields"], files={"file": content}, timeout=5)
        return sent.status_code

    def put(self, import_id: str, content: bytes) -> None:
        boto3.client("s3").put_object(
            Bucket="soms-test-uploads", Key=f"imports/{import_id}/upload", Body=content
        )

    def arrive(self, import_id: str) -> object:
        """Tell the intake that a file came, as the event bus does."""
        detail = {"bucket": {"name": "soms-test-uploads"}, "object": {"key": f"imports/{import_id}/upload"}}
        event = {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}
        return module("intake").handler(event, self.context)

    def handed_in(self, content: bytes, **more: Any) -> str:
        """Open an import, upload its file and let it be read."""
        answer = self.open(**more)
        assert answer.status == 202, answer.text
        import_id = str(answer.body["id"])
        self.put(import_id, content)
        self.arrive(import_id)
        return import_id

    def command(self, import_id: str, command: str, body: object = None, **more: Any) -> Answer:
        return self.world.call("POST", f"/v1/imports/{import_id}/{command}", body, **{**FAY, **more})

    def work(self) -> int:
        """Let everything run that waits in the background; return how many runs there were."""
        runs = 0
        while self.waiting:
            self.run()
            runs += 1
        return runs

    def run(self) -> object:
        """Let the first run that waits in the background begin and end."""
        function, event = self.waiting.pop(0)
        with patch.dict(os.environ, AWS_LAMBDA_FUNCTION_NAME=f"soms-test-{function}"):
            return module(function).handler(event, self.context)

    def applied(self, content: bytes, **more: Any) -> Answer:
        import_id = self.handed_in(content, **more)
        answer = self.command(import_id, "apply")
        assert answer.status == 200, answer.text
        self.work()
        return self.get(import_id)

    def get(self, import_id: str, **more: Any) -> Answer:
        return self.world.call("GET", f"/v1/imports/{import_id}", **{**FAY, **more})

    def taken(self) -> list[str]:
        """Return the ids of the lines that were taken."""
        rows = boto3.client("dynamodb").scan(TableName="soms-test-billing")["Items"]
        return sorted(row["id"]["S"] for row in rows if row["pk"]["S"].startswith("line#"))

    def errors(self, answer: Answer) -> list[dict[str, str]]:
        """Return what the file of errors says."""
        found = requests.get(answer.body["errors_url"], timeout=5)
        assert found.status_code == 200, found.text
        return list(csv.DictReader(io.StringIO(found.content.decode("utf-8-sig"))))

    def lose(self, import_id: str) -> None:
        """Delete the files of an import, as the bucket does after a month."""
        client, bucket = boto3.client("s3"), "soms-test-uploads"
        for one in client.list_objects_v2(Bucket=bucket, Prefix=f"imports/{import_id}/")["Contents"]:
            client.delete_object(Bucket=bucket, Key=one["Key"])
