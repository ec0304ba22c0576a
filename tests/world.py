"""The whole system in one process: real handlers on moto, tables and mappings as the template says."""

import importlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Self
from unittest.mock import patch

import boto3
from moto import mock_aws
from soms.kit import access, aws, paging
from soms.kit.settings import Setting

from infra import synth
from tests import engine

ROUNDS = 30
Item = dict[str, Any]
CONSUMERS = {
    "ORDERS_TABLE": ("stock", "invoicing"),
    "INVENTORY_TABLE": ("ledger", "replenishment"),
    "BILLING_TABLE": ("settlement",),
    "DOCUMENTS_TABLE": ("bookkeeping",),
}
KINDS = {"invoicing": {"order"}, "ledger": {"stock"}, "replenishment": {"stock", "alert"}}


class Context:
    """A Lambda context with time enough."""

    function_name = "test"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:ap-southeast-1:000000000000:function:test"
    aws_request_id = "test"

    def get_remaining_time_in_millis(self) -> int:
        return 29_000


@dataclass(frozen=True)
class Answer:
    """What came back over HTTP."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def body(self) -> Any:
        return json.loads(self.text)

    @property
    def code(self) -> str:
        return str(self.body["code"])


@cache
def tables() -> dict[str, dict[str, Any]]:
    """Return the properties of every table in the synthesised template, by the setting that names it."""
    folder, _ = synth.synthesise("local")
    template = json.loads((Path(folder) / "soms-local-data.template.json").read_text())
    found = {}
    for name, output in template["Outputs"].items():
        if name.endswith("Table") and "Ref" in output["Value"]:
            setting = f"{name.removesuffix('Table').upper()}_TABLE"
            found[setting] = template["Resources"][output["Value"]["Ref"]]["Properties"]
    return found


@cache
def module(function: str) -> ModuleType:
    """Load a function's door as Lambda would."""
    return importlib.import_module(f"functions.{function}.app")


@dataclass
class World:
    """A fresh system with nobody in it yet."""

    read: dict[tuple[str, str], int] = field(default_factory=dict)
    seen: dict[str, list[Item]] = field(default_factory=dict)
    count: int = 0

    @classmethod
    @contextmanager
    def opened(cls) -> Iterator[Self]:
        environment = {name: f"soms-test-{name.removesuffix('_TABLE').lower()}" for name in tables()} | {
            Setting.STAGE: "test",
            Setting.DOCUMENTS_BUCKET: "soms-test-documents",
            Setting.FAILURES_BUCKET: "soms-test-failures",
            Setting.UPLOADS_BUCKET: "soms-test-uploads",
            Setting.INTAKE: "soms-test-intake",
            Setting.APPLY: "soms-test-apply",
            Setting.TAX_PLATFORM: "simulator",
        }
        with mock_aws(), engine.quickened(), patch.dict(os.environ, environment):
            _forget()
            world = cls()
            world._build()
            yield world
            _forget()

    def _build(self) -> None:
        client = boto3.client("dynamodb")
        for setting, properties in tables().items():
            wanted = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
            request = {name: deepcopy(properties[name]) for name in wanted if name in properties}
            for index in request.get("GlobalSecondaryIndexes", []):
                for extra in set(index) - {"IndexName", "KeySchema", "Projection"}:
                    del index[extra]
            if "StreamSpecification" in properties:
                view = properties["StreamSpecification"]["StreamViewType"]
                request["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": view}
            client.create_table(TableName=os.environ[setting], BillingMode="PAY_PER_REQUEST", **request)
        place = {"LocationConstraint": "ap-southeast-1"}
        s3 = boto3.client("s3")
        for bucket in (Setting.DOCUMENTS_BUCKET, Setting.FAILURES_BUCKET, Setting.UPLOADS_BUCKET):
            s3.create_bucket(
                Bucket=os.environ[bucket],
                CreateBucketConfiguration=place,  # type: ignore[arg-type]
            )
        sns, sqs = boto3.client("sns"), boto3.client("sqs")

        def mailbox(setting: Setting, name: str) -> str:
            os.environ[setting] = sns.create_topic(Name=name)["TopicArn"]
            endpoint = f"arn:aws:sqs:ap-southeast-1:123456789012:{name}"
            address = sqs.create_queue(QueueName=name)["QueueUrl"]
            sns.subscribe(TopicArn=os.environ[setting], Protocol="sqs", Endpoint=endpoint)
            return address

        self.mailbox = mailbox(Setting.PURCHASING_TOPIC, "purchasing")
        self.sales_mailbox = mailbox(Setting.SALES_TOPIC, "sales")
        self.finance_mailbox = mailbox(Setting.FINANCE_TOPIC, "finance")

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        as_: str = "admin",
        name: str | None = None,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        raw: str | None = None,
        claims: Mapping[str, object] | None = None,
    ) -> Answer:
        """Send a request through the door of the function that serves the path, as the gateway would."""
        self.count += 1
        bare, _, query = path.partition("?")
        sent = {"Content-Type": "application/json", **(headers or {})}
        if method == "POST" and key != "":
            sent.setdefault("Idempotency-Key", key or f"key-{self.count}")
        text = raw if raw is not None else None if body is None else json.dumps(body)
        if method == "POST" and text is None:
            text = "{}"
        pairs = [one.partition("=")[::2] for one in query.split("&") if one]
        several = {one: [value for other, value in pairs if other == one] for one, _ in pairs}
        who = {
            "sub": f"sub-{name or as_}",
            "username": name or as_,
            "cognito:groups": as_,
            "token_use": "access",
            "scope": access.USER_SCOPE,
        }
        event = {
            "httpMethod": method,
            "path": bare,
            "resource": bare,
            "headers": sent,
            "multiValueHeaders": {one: [value] for one, value in sent.items()},
            "queryStringParameters": dict(pairs) or None,
            "multiValueQueryStringParameters": several or None,
            "requestContext": {
                "requestId": f"request-{self.count}",
                "identity": {"sourceIp": "192.0.2.1"},
                "authorizer": {"claims": who if claims is None else claims},
            },
            "body": text,
            "isBase64Encoded": False,
        }
        answer = module(function_of(bare)).handler(event, Context())
        told = {**{k: v[0] for k, v in answer.get("multiValueHeaders", {}).items()}}
        return Answer(answer["statusCode"], told, answer.get("body", ""))

    def drain(self) -> None:
        """Hand every new stream record to its consumers until nothing moves any more."""
        for _ in range(ROUNDS):
            moved = [table for table in CONSUMERS if self._follow(table)]
            if not moved:
                return
        raise AssertionError("the streams never came to rest")

    def records(self, table: str) -> list[Item]:
        """Return all records of a table's stream, from the first."""
        held = self.seen.setdefault(table, [])
        fresh = engine.stream(os.environ[table])[len(held) :]
        held += json.loads(json.dumps(fresh, default=str))
        return list(held)

    def _follow(self, table: str) -> bool:
        records = self.records(table)
        moved = False
        for consumer in CONSUMERS[table]:
            done = self.read.get((table, consumer), 0)
            fresh = [one for one in records[done:] if self._concerns(consumer, one)]
            self.read[table, consumer] = len(records)
            if fresh:
                moved = True
                answer = self.deliver(consumer, fresh)
                assert answer == {"batchItemFailures": []}, f"{consumer}: {answer}"
        return moved

    def _concerns(self, consumer: str, record: Item) -> bool:
        image = record["dynamodb"].get("NewImage", {})
        kind = image.get("kind", {}).get("S")
        if consumer == "stock":
            return kind == "order" and "effects" in image
        if consumer == "settlement":
            return kind in {"order_billing", "open_item", "payment"}
        if consumer == "bookkeeping":
            return image.get("part", {}).get("S") in {"document", "voucher"}
        return kind in KINDS[consumer]

    def deliver(self, consumer: str, records: Sequence[Item]) -> Any:
        """Invoke a consumer with records."""
        return module(consumer).handler({"Records": list(records)}, Context())

    def mail(self) -> list[Item]:
        """Return what purchasing was sent."""
        return self._read(self.mailbox)

    def sales_mail(self) -> list[Item]:
        """Return what sales was sent."""
        return self._read(self.sales_mailbox)

    def finance_mail(self) -> list[Item]:
        """Return what finance was sent."""
        return self._read(self.finance_mailbox)

    def _read(self, mailbox: str) -> list[Item]:
        found = boto3.client("sqs").receive_message(QueueUrl=mailbox, MaxNumberOfMessages=10)
        return [json.loads(one["Body"]) for one in found.get("Messages", [])]

    def broken(self) -> list[Item]:
        """Return the invariants that do not hold, as the reconcile function reports them."""
        report = module("reconcile").handler({"action": "reconcile", "patience": False}, Context())
        return [one for one in report["checks"] if one["failures"] and one["check"] != "10"]

    # What most stories begin with.

    def product(self, sku: str = "A-1", price: str = "10.00", **more: object) -> str:
        body = {"name": f"Product {sku}", "unit_price": price, "currency": "CNY", "tax_rate": "0.13", **more}
        answer = self.call("PUT", f"/v1/products/{sku}", body)
        assert answer.status in {200, 201}, answer.text
        return sku

    def stock(self, sku: str, units: int) -> None:
        answer = self.call("POST", f"/v1/stock/{sku}/adjustments", {"delta": units, "reason": "receipt"})
        assert answer.status == 201, answer.text

    def customer(self, **more: object) -> str:
        answer = self.call("POST", "/v1/customers", {"name": "Acme", "currency": "CNY", **more})
        assert answer.status == 201, answer.text
        return str(answer.body["id"])

    def order(self, customer: str, *lines: tuple[str, int], **more: Any) -> Answer:
        body = {"customer_id": customer, "lines": [{"sku": sku, "quantity": n} for sku, n in lines]}
        return self.call("POST", "/v1/orders", body | more.pop("body", {}), **more)

    def on_shelf(self, sku: str) -> tuple[int, int, int]:
        body = self.call("GET", f"/v1/stock/{sku}").body
        return body["on_hand"], body["reserved"], body["available"]


def function_of(path: str) -> str:
    """Return the function that the gateway sends a path to."""
    noun = path.split("/")[2]
    for function, routes in access.ROUTES.items():
        if any(route.split(" ")[1].split("/")[2] == noun for route in routes):
            return function
    raise AssertionError(path)


def _forget() -> None:
    """Let go of clients and secrets of an earlier world."""
    for cached in (aws.dynamodb, aws.s3, aws.sns, aws.functions, paging._secret):
        cached.cache_clear()
