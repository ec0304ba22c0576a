"""The line to AWS, on which calls are counted, disturbed and, for planted bugs, bent."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any
from unittest.mock import patch

from botocore.client import BaseClient
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

Action = dict[str, Any]
Bend = Callable[[Action], Action | None]


class Fault(StrEnum):
    """What can happen to one call, or from one call on."""

    THROTTLED = "refused before, throttled"
    BROKEN = "refused before, a fault of the service"
    UNREACHED = "never arrived"
    CONFLICT = "refused before, another transaction"
    CRASH_BEFORE = "the function dies before it"
    ANSWER_LOST = "performed, but the answer is lost"
    CRASH_AFTER = "the function dies after it"
    OUTAGE = "refused, and everything after it"


WRITES = frozenset({"TransactWriteItems", "Publish"})
READS_MEET = frozenset({Fault.THROTTLED, Fault.CRASH_BEFORE, Fault.ANSWER_LOST, Fault.OUTAGE})


class Crash(BaseException):
    """The function is gone, in the middle of whatever it did."""


class Wire:
    """Stands between the SDK's client and the engine."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.bend: Bend | None = None
        self._fault: Fault | None = None
        self._at = 0
        self.struck = False

    @classmethod
    @contextmanager
    def tapped(cls) -> Iterator["Wire"]:
        wire, original = cls(), BaseClient._make_api_call  # type: ignore[attr-defined] # the SDK's one door

        def call(client: BaseClient, operation: str, request: dict[str, Any]) -> object:
            return wire._pass(lambda: original(client, operation, wire._bent(request)), operation)

        with patch.object(BaseClient, "_make_api_call", call), patch("time.sleep"):
            yield wire

    def record(self, work: Callable[[], Any]) -> tuple[list[str], Any]:
        """Do something undisturbed and return the calls it made and its answer."""
        self.calls = []
        answer = work()
        return list(self.calls), answer

    def strike(self, at: int, fault: Fault, work: Callable[[], Any]) -> Any:
        """Do something with its call number `at` disturbed; None when the function died of it."""
        self.calls, self._at, self._fault, self.struck = [], at, fault, False
        try:
            return work()
        except Crash:
            return None
        finally:
            self._fault = None

    def _pass(self, perform: Callable[[], object], operation: str) -> object:
        number, fault = len(self.calls), self._fault
        self.calls.append(operation)
        if fault is None or (number != self._at and not (fault is Fault.OUTAGE and number > self._at)):
            return perform()
        self.struck = True
        if fault is Fault.CRASH_BEFORE:
            raise Crash
        if fault in {Fault.ANSWER_LOST, Fault.CRASH_AFTER}:
            perform()
            raise Crash if fault is Fault.CRASH_AFTER else ReadTimeoutError(endpoint_url="https://aws")
        if fault is Fault.UNREACHED:
            raise EndpointConnectionError(endpoint_url="https://aws")
        raise _refusal(fault, operation)

    def _bent(self, request: dict[str, Any]) -> dict[str, Any]:
        if self.bend is None or "TransactItems" not in request:
            return request
        bent = [self.bend(action) for action in request["TransactItems"]]
        return {**request, "TransactItems": [action for action in bent if action is not None]}


def _refusal(fault: Fault, operation: str) -> ClientError:
    code, status = "ThrottlingException", 400
    if fault is Fault.BROKEN:
        code, status = "InternalServerError", 500
    response: dict[str, Any] = {
        "Error": {"Code": code, "Message": fault},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    if fault is Fault.CONFLICT:
        response["Error"]["Code"] = "TransactionCanceledException"
        response["CancellationReasons"] = [{"Code": "None"}, {"Code": "TransactionConflict"}]
    return ClientError(response, operation)  # type: ignore[arg-type] # as it comes from the line


def happens_to(fault: Fault, operation: str) -> bool:
    """Tell whether a call meets the fault: of what only reads, nothing is left to be seen by some."""
    if fault is Fault.CONFLICT:
        return operation == "TransactWriteItems"
    return operation in WRITES or fault in READS_MEET
