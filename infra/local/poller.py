"""Follows DynamoDB streams for the deployed event source mappings, as Lambda does on AWS."""

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypedDict

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.local.checkpoints import Checkpoints
from infra.local.failures import FailureBucket
from infra.local.filters import PatternRefused
from infra.local.follower import Follower, Glance
from infra.local.lane import Answer, Record, payload
from infra.local.mapping import Mapping, described
from infra.local.resume import forget_lost
from infra.local.shard import Surroundings
from infra.local.streams import Streams, code

LONGEST_INVOCATION_SECONDS = 900
ROUND_SECONDS = 5.0
BETWEEN_ROUNDS_SECONDS = 0.05
CONNECTIONS = 50
GONE = "those shards are read from their oldest record, and the sweep finds what is missing"
TOO_LARGE = ("RequestTooLargeException", "RequestEntityTooLargeException")


class Backlog(NamedTuple):
    """Records read and not done, and whether the last read found nothing new."""

    records: int
    at_tip: bool


class Drained(TypedDict):
    """How draining ended: seconds it took, and what each mapping still had in hand."""

    done: bool
    seconds: float
    backlog: dict[str, int]


class Poller:
    """The event source mappings of one deployment, run from outside the engine."""

    def __init__(
        self,
        endpoint: str,
        region: str,
        home: Path,
        log: Callable[[str], None],
        session: boto3.Session | None = None,
    ) -> None:
        """Keep checkpoints below `home`; credentials are those of the session, else of the environment."""
        session = session or boto3.Session(region_name=region)
        config = Config(
            read_timeout=LONGEST_INVOCATION_SECONDS + 10,
            retries={"total_max_attempts": 1},
            max_pool_connections=CONNECTIONS,
        )
        self._lambda = session.client("lambda", endpoint_url=endpoint, region_name=region, config=config)
        self._s3 = session.client("s3", endpoint_url=endpoint, region_name=region)
        self._streams = Streams(session, endpoint, region, connections=CONNECTIONS)
        self._checkpoints = Checkpoints(home)
        self._log = log
        self._hurry = threading.Event()
        self._followers: list[Follower] = []
        self.mappings: list[Mapping] = []

    def discover(self) -> list[Mapping]:
        """Read the deployed mappings of DynamoDB streams, or raise PatternRefused naming the function."""
        pages = self._lambda.get_paginator("list_event_source_mappings").paginate()
        answers = [answer for page in pages for answer in page["EventSourceMappings"]]
        followed = [answer for answer in answers if ":dynamodb:" in answer.get("EventSourceArn", "")]
        self.mappings = sorted((_described(dict(one)) for one in followed), key=lambda one: one.name)
        self._checkpoints.keep_only({mapping.uuid for mapping in self.mappings})
        for answer in followed:
            if answer.get("State") == "Enabled":
                name = described(answer).name
                self._log(f"{name}: enabled in the engine as well, so its records are handled twice")
        return self.mappings

    def start(self) -> None:
        """Follow every mapping discovered from where it was left, each in a thread of its own."""
        lost = sum(forget_lost(mapping, self._checkpoints, self._streams) for mapping in self.mappings)
        if lost:
            self._log(f"  positions kept that no stream has any more: {lost}; {GONE}")
        self._followers = [Follower(one, self._around(one), self._hurry.is_set) for one in self.mappings]
        for follower in self._followers:
            follower.start()

    def stop(self, timeout: float = 60) -> bool:
        """Finish the invocations in hand; False if one took longer than `timeout` seconds altogether."""
        deadline = time.monotonic() + timeout
        for follower in self._followers:
            follower.stop()
        ended = [follower.join(max(0.0, deadline - time.monotonic())) for follower in self._followers]
        self._followers = []
        return all(ended)

    def backlog(self) -> dict[str, Backlog]:
        """Return for each mapping what it has in hand, as of its last pass."""
        glances = {follower.mapping.name: follower.latest() for follower in self._followers}
        return {name: Backlog(glance.pending, glance.at_tip) for name, glance in glances.items()}

    def idle(self, patience: float = ROUND_SECONDS) -> bool:
        """Whether every record written before this call, and every record its processing wrote, is done.

        False as well if a mapping is not heard from within `patience` seconds.

        A function may have written to another's stream after that stream was read. So everyone is asked
        twice, and the second time nobody may have read anything since the first.
        """
        if len(self._followers) != len(self.mappings):
            return False
        deadline = time.monotonic() + patience
        first = self._round(deadline)
        return first is not None and first == self._round(deadline)

    def drain(self, timeout: float) -> Drained:
        """Work off everything without waiting for batching windows, for at most `timeout` seconds."""
        began = time.monotonic()
        deadline = began + timeout
        self._hurry.set()
        try:
            while not (done := self.idle(min(ROUND_SECONDS, max(0.0, deadline - time.monotonic())))):
                if time.monotonic() >= deadline:
                    break
                time.sleep(BETWEEN_ROUNDS_SECONDS)
        finally:
            self._hurry.clear()
        backlog = {name: one.records for name, one in self.backlog().items()}
        return {"done": done, "seconds": time.monotonic() - began, "backlog": backlog}

    def _round(self, deadline: float) -> list[int] | None:
        """Return what each mapping has ever read, if a pass that began from now on found all of them calm."""
        asked = [(follower, follower.ask()) for follower in self._followers]
        glances: list[Glance] = []
        for follower, number in asked:
            glance = follower.glance(number, max(0.0, deadline - time.monotonic()))
            if glance is None or not glance.calm:
                return None
            glances.append(glance)
        return [glance.seen for glance in glances]

    def _around(self, mapping: Mapping) -> Surroundings:
        return Surroundings(
            streams=self._streams,
            checkpoints=self._checkpoints,
            invoke=lambda records: self._invoke(mapping, records),
            keep=FailureBucket(mapping, self._s3, self._log).keep,
            log=self._log,
        )

    def _invoke(self, mapping: Mapping, records: Sequence[Record]) -> Answer:
        try:
            answer = self._lambda.invoke(
                FunctionName=mapping.function, InvocationType="RequestResponse", Payload=payload(records)
            )
            told = answer["Payload"].read()
        except ClientError as error:
            return Answer(invoked=code(error) in TOO_LARGE, error=code(error))
        except BotoCoreError as error:
            return Answer(invoked=False, error=type(error).__name__)
        return Answer(
            error=answer.get("FunctionError"),
            payload=told,
            version=answer.get("ExecutedVersion", "$LATEST"),
            request_id=answer["ResponseMetadata"].get("RequestId", ""),
        )


def _described(answer: dict[str, object]) -> Mapping:
    try:
        return described(answer)
    except PatternRefused as error:
        message = f"{answer['FunctionArn']}: {error}"
        raise PatternRefused(message) from None
