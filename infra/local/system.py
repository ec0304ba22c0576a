"""The running parts of the local system, and what is done with them in which order."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import boto3

from infra.local import deploy, people, restore, warm, work
from infra.local.deploy import Account
from infra.local.door import Door
from infra.local.engine import REGION, ROOT_KEY, Engine
from infra.local.poller import Drained, Poller

SECOND_SALES_PERSON = {"sales2": "sales"}
BETWEEN_LOOKS_SECONDS = 0.2
NOTHING: Drained = {"done": True, "seconds": 0.0, "backlog": {}}


class Interrupted(RuntimeError):
    """Somebody asked to stop before everything was up."""


class System:
    """Engine, deployment, people, stream poller and front door of one run."""

    def __init__(self, engine: Engine, port: int, say: Callable[[str], None]) -> None:
        """Hold the parts; nothing is started yet."""
        self.engine, self._port, self._say = engine, port, say
        self.account = Account(engine.endpoint)
        self.outputs: dict[str, str] = {}
        self.mailbox, self.sales_mailbox, self.finance_mailbox = "", "", ""
        self._poller: Poller | None = None
        self._door: Door | None = None

    def deploy(self, assembly: Path) -> None:
        """Deploy the stacks and give purchasing, sales and finance mailboxes that can be read here."""
        self.outputs = deploy.deploy(self.account, assembly, lambda line: self._say(f"  {line}"))
        self.mailbox = deploy.mailbox(self.account, self.outputs["PurchasingTopicArn"])
        if topic := self.outputs.get("SalesTopicArn"):
            self.sales_mailbox = deploy.mailbox(self.account, topic, "sales")
        if topic := self.outputs.get("FinanceTopicArn"):
            self.finance_mailbox = deploy.mailbox(self.account, topic, "finance")

    def enrol(self) -> None:
        """Create a user for every group, and a second sales person."""
        cognito = self.account.client("cognito-idp")
        pages = cognito.get_paginator("list_groups").paginate(UserPoolId=self.outputs["UserPoolId"])
        groups = [group["GroupName"] for page in pages for group in page["Groups"]]
        everybody = people.of(self.engine.home.people, self.account, self.outputs, self._say)
        created = everybody.ensure({group: group for group in groups} | SECOND_SALES_PERSON)
        if created:
            self._say(f"  new, with TOTP: {', '.join(created)}")

    def follow(self) -> None:
        """Start the stream poller on the deployed mappings."""
        session = boto3.Session(ROOT_KEY, ROOT_KEY, region_name=REGION)
        self._poller = Poller(self.engine.endpoint, REGION, self.engine.home.poller, self._say, session)
        self._poller.discover()
        self._poller.start()

    def open_door(self) -> None:
        """Start the HTTP front door."""
        api, stage = self.outputs["ApiId"], self.outputs["ApiStage"]
        self._door = Door(self.engine.endpoint, self._port, api, stage, log=self._say)
        self._door.start()

    def warm(self) -> None:
        """Start workers, and say what does not load."""
        count, failures = warm.warm(self.account, warm.http_functions(self.account, self.outputs["ApiId"]))
        self._say(f"  {count} workers")
        for failure in failures:
            self._say(f"  {failure}")

    def catch_up(self) -> None:
        """After a restart: lock stored objects again, and let the sweep find what the streams forgot."""
        locked = restore.retain_objects(self.account, restore.locked_buckets(self.account))
        answer = self.account.client("lambda").invoke(
            FunctionName=self.outputs["ReconcileFunction"], Payload=json.dumps({"action": "sweep"}).encode()
        )
        told = answer["Payload"].read().decode()
        outcome = f"failed: {told[:300]}" if answer.get("FunctionError") else told[:300]
        self._say(f"after the restart: {locked} objects locked again; sweep {outcome}")

    def drain(self, timeout: float) -> Mapping[str, object]:
        """Work off every stream, queue and job, for at most `timeout` seconds; tell what is open."""
        began = time.monotonic()
        deadline = began + timeout
        while True:
            left = max(0.0, deadline - time.monotonic())
            told = self._poller.drain(left) if self._poller else NOTHING
            open_jobs = work.open_jobs(self.account, self.outputs) | work.full_queues(self.account)
            following = {name: count for name, count in told["backlog"].items() if count}
            if told["done"] and not open_jobs:
                return {"done": True, "seconds": time.monotonic() - began, "backlog": {}}
            if time.monotonic() >= deadline:
                return {
                    "done": False,
                    "seconds": time.monotonic() - began,
                    "backlog": {**following, **open_jobs},
                }
            time.sleep(BETWEEN_LOOKS_SECONDS)

    def backlog(self, _asked: Mapping[str, float]) -> Mapping[str, object]:
        """Tell what each stream has in hand."""
        following = self._poller.backlog() if self._poller else {}
        return {name: {"records": one.records, "at_tip": one.at_tip} for name, one in following.items()}

    def settle(self, seconds: float, hurry: threading.Event) -> None:
        """Before stopping: let the streams run dry, because what they hold is lost with the engine."""
        if self._poller is None:
            return
        self._say("working off the streams (Ctrl-C again to leave at once)")
        deadline = time.monotonic() + seconds
        while not hurry.is_set() and time.monotonic() < deadline:
            told = self._poller.drain(1.0)
            if told["done"]:
                return
        left = {name: one.records for name, one in self._poller.backlog().items() if one.records}
        self._say(f"  left unfinished, the sweep after the next start will find it: {left}")

    def close_door(self) -> None:
        """Stop the front door, when it is open."""
        if self._door:
            self._door.stop()

    def unfollow(self) -> None:
        """Stop the stream poller, when it runs."""
        if self._poller:
            self._poller.stop()
