"""What a transfer between warehouses is, and what may happen to it; of what was sent nothing is forgotten."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal

from pydantic import Field

from soms.inventory.rules import repeated
from soms.kit.fields import Code, Day, Frozen, Quantity, Request, Sku, Text
from soms.kit.problems import Fault, Invalid, InvalidState

MOST_LINES: Final = 32
"""Each line is three writes (source, destination, pointer) of the hundred that a transaction takes."""
MOST_SAID: Final = 500
TransferStatus = Literal["in_transit", "partly_received", "received", "closed"]
STATES: Final[tuple[TransferStatus, ...]] = ("in_transit", "partly_received", "received", "closed")
ON_ITS_WAY: Final[frozenset[TransferStatus]] = frozenset({"in_transit", "partly_received"})
Outcome = Literal["lost", "returned"]


class Sent(Request):
    """So many units of a SKU."""

    sku: Sku
    quantity: Quantity


class TransferRequest(Request):
    """What is sent from one warehouse to another, and when it is expected there."""

    source: Annotated[Code, Field(alias="from")]
    destination: Annotated[Code, Field(alias="to")]
    lines: Annotated[tuple[Sent, ...], Field(min_length=1, max_length=MOST_SAID)]
    expected_on: Day | None = None
    note: Text | None = None


class ReceiptRequest(Request):
    """What came of a transfer; without lines, all that was on its way."""

    lines: Annotated[tuple[Sent, ...], Field(min_length=1, max_length=MOST_SAID)] | None = None


class CloseRequest(Request):
    """What became of units that never arrive."""

    reason: Annotated[str, Field(min_length=1, max_length=1000)]
    outcome: Outcome


class TransferLine(Frozen):
    """A SKU of a transfer: quantity = received + returned + lost + in transit."""

    sku: Sku
    quantity: int
    received: int = 0
    returned: int = 0
    lost: int = 0

    @property
    def in_transit(self) -> int:
        """Return how many units are still on their way."""
        return self.quantity - self.received - self.returned - self.lost


class Transfer(Frozen):
    """Goods between two warehouses."""

    id: str
    version: int = 1
    settled: int = 0
    status: TransferStatus = "in_transit"
    source: Annotated[Code, Field(alias="from")]
    destination: Annotated[Code, Field(alias="to")]
    lines: tuple[TransferLine, ...]
    expected_on: Day | None = None
    note: Text | None = None
    created_at: str
    created_by: str
    changed_at: str | None = None
    outcome: Outcome | None = None
    reason: Text | None = None

    def in_transit(self) -> dict[str, int]:
        """Return the units that are on their way, by SKU."""
        return {line.sku: line.in_transit for line in self.lines if line.in_transit}


def allowed(transfer: Transfer) -> list[str]:
    """Return the commands that a transfer's state allows."""
    return ["receive", "close"] if transfer.status in ON_ITS_WAY else []


def require(transfer: Transfer, command: str) -> None:
    """Raise InvalidState unless the transfer's state allows the command."""
    if command not in allowed(transfer):
        raise InvalidState(command=command, state=transfer.status, allowed=allowed(transfer))


def wrong_lines(lines: Sequence[Sent]) -> list[Fault]:
    """Return what is wrong with the lines of a transfer: too many, or a SKU twice."""
    found = repeated([line.sku for line in lines], "/lines/{}/sku")
    if len(lines) > MOST_LINES:
        words = (f"at most {MOST_LINES} lines at once", f"一次最多 {MOST_LINES} 行")
        found.append(Fault("too_many_lines", words, "/lines", meta={"limit": MOST_LINES}))
    return found


def arriving(transfer: Transfer, lines: Sequence[Sent] | None) -> dict[str, int]:
    """Return what arrives by SKU, or raise Invalid for more than is on its way."""
    on_its_way = transfer.in_transit()
    if lines is None:
        return on_its_way
    faults = repeated([line.sku for line in lines], "/lines/{}/sku")
    for index, line in enumerate(lines):
        held = on_its_way.get(line.sku, 0)
        if line.quantity > held:
            words = (f"{line.sku}: {held} are on their way", f"{line.sku}：在途 {held}")
            place, meta = f"/lines/{index}/quantity", {"sku": line.sku, "in_transit": held}
            faults.append(Fault("quantity_exceeds_transit", words, place, meta=meta))
    if faults:
        raise Invalid(*faults)
    return {line.sku: line.quantity for line in lines}


def received(transfer: Transfer, units: Mapping[str, int]) -> Transfer:
    """Return the transfer after these units have arrived."""
    lines = tuple(
        line.model_copy(update={"received": line.received + units.get(line.sku, 0)})
        for line in transfer.lines
    )
    status = "partly_received" if any(line.in_transit for line in lines) else "received"
    return transfer.model_copy(update={"lines": lines, "status": status})


def closed(transfer: Transfer, outcome: Outcome, reason: str) -> Transfer:
    """Return the transfer after all that was still on its way was lost or came back."""
    lines = tuple(
        line.model_copy(update={outcome: getattr(line, outcome) + line.in_transit}) for line in transfer.lines
    )
    said = {"lines": lines, "status": "closed", "outcome": outcome, "reason": reason}
    return transfer.model_copy(update=said)
