"""Moving goods from one warehouse to another: sent, received in parts, and what never arrives."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from soms.catalog import store as catalog
from soms.catalog.commands import expected
from soms.inventory import incoming, papers, store, transit
from soms.inventory.incoming import Expected
from soms.inventory.model import Delta, StockItem
from soms.inventory.rules import unstocked
from soms.inventory.store import Cause
from soms.inventory.transit import (
    CloseRequest,
    Outcome,
    ReceiptRequest,
    Transfer,
    TransferLine,
    TransferRequest,
)
from soms.kit import aws, clock, ids, journal
from soms.kit.access import Caller
from soms.kit.problems import Fault, Invalid
from soms.kit.writes import Held, Refusal, Writes, decide

CREATED = 201
OK = 200


@dataclass(frozen=True)
class _Deed:
    """What a command did to a transfer: its event, how each stock item moves and its word, the answer."""

    event: str
    moves: Mapping[StockItem, tuple[str, Delta]]
    places: Mapping[StockItem, str] = field(default_factory=dict)
    status: int = OK
    reason: str | None = None


def send(request: TransferRequest, caller: Caller, *, now: datetime) -> Transfer:
    """Take goods off the shelf and on their way, or refuse naming every SKU that is short."""
    _require_known(request)
    transfer = Transfer.model_validate(
        {
            **request.model_dump(by_alias=True, exclude={"lines"}),
            "id": ids.derived("trf", "transfer", caller.command.entry or ""),
            "lines": [TransferLine(sku=one.sku, quantity=one.quantity) for one in request.lines],
            "created_at": clock.stamp(now),
            "created_by": caller.name,
        }
    )
    moves: dict[StockItem, tuple[str, Delta]] = {}
    for line in transfer.lines:
        moves[_at(transfer.source, line.sku)] = ("transfer", Delta(on_hand=-line.quantity))
        moves[_at(transfer.destination, line.sku)] = ("transfer", Delta(incoming=line.quantity))
    places = {
        _at(transfer.source, line.sku): f"/lines/{index}/quantity"
        for index, line in enumerate(transfer.lines)
    }

    def attempt() -> Transfer:
        return _commit(None, transfer, _Deed("transfer.sent", moves, places, CREATED), caller, now)

    return decide(attempt)


def receive(transfer_id: str, request: ReceiptRequest, caller: Caller, *, now: datetime) -> Transfer:
    """Put what arrived on the shelf of the destination."""

    def attempt() -> Transfer:
        before = _read(transfer_id, "receive", caller)
        units = transit.arriving(before, request.lines)
        moves = {
            _at(before.destination, sku): ("transfer", Delta(on_hand=count, incoming=-count))
            for sku, count in units.items()
        }
        deed = _Deed("transfer.received", moves, status=CREATED)
        return _commit(before, transit.received(before, units), deed, caller, now)

    return decide(attempt)


def close(transfer_id: str, request: CloseRequest, caller: Caller, *, now: datetime) -> Transfer:
    """Say what became of all that was still on its way: it is lost, or back on the shelf it came from."""

    def attempt() -> Transfer:
        before = _read(transfer_id, "close", caller)
        after = transit.closed(before, request.outcome, request.reason)
        deed = _Deed("transfer.closed", _ended(before, request.outcome), reason=request.reason)
        return _commit(before, after, deed, caller, now)

    return decide(attempt)


def _ended(before: Transfer, outcome: Outcome) -> dict[StockItem, tuple[str, Delta]]:
    moves = {}
    for sku, units in before.in_transit().items():
        word = "loss" if outcome == "lost" else "transfer"
        moves[_at(before.destination, sku)] = (word, Delta(incoming=-units))
        if outcome == "returned":
            moves[_at(before.source, sku)] = ("transfer", Delta(on_hand=units))
    return moves


def _read(transfer_id: str, command: str, caller: Caller) -> Transfer:
    held = papers.transfer(transfer_id)
    expected(caller, held.version)
    transit.require(held, command)
    return held


def _commit(
    before: Transfer | None, transfer: Transfer, deed: _Deed, caller: Caller, now: datetime
) -> Transfer:
    version = before.version + 1 if before else 1
    after = transfer.model_copy(update={"version": version, "changed_at": clock.stamp(now)})
    had, left = before.in_transit() if before else None, after.in_transit()
    event = journal.Event(
        name=deed.event,
        aggregate=f"transfer#{after.id}",
        version=version,
        resource=("transfer", after.id),
        status=deed.status,
        changes={"status": [before.status if before else None, after.status], "in_transit": [had, left]},
        moved={str(item): delta.told(word) for item, (word, delta) in deed.moves.items()},
        reason=deed.reason,
    )
    writes = Writes()
    entry = journal.record(writes, event, caller, at=now)
    papers.put_transfer(writes, after, before=before)
    for item, (word, delta) in deed.moves.items():
        cause = Cause(entry, word, event.aggregate, caller.name)
        refused = _short(item, -delta.on_hand, deed.places[item]) if item in deed.places else store.stale
        store.move(writes, item, cause, delta, refused=refused)
    _point(writes, after, {item.sku for item in deed.moves})
    writes.commit()
    return after


def _point(writes: Writes, after: Transfer, moved: Iterable[str]) -> None:
    left = after.in_transit()
    for sku in sorted(moved):
        noted = Expected(source=after.id, quantity=left.get(sku, 0), expected_on=after.expected_on)
        item = _at(after.destination, sku)
        if noted.quantity:
            incoming.put(writes, item, noted)
        else:
            incoming.remove(writes, item, noted)


def _short(item: StockItem, units: int, place: str) -> Refusal:
    def refused(held: Held) -> Exception:
        return store.short(item, units, store.stock_of(item, held).available, [place])

    return refused


def _require_known(request: TransferRequest) -> None:
    """Raise Invalid for warehouses and SKUs that a transfer cannot name."""
    faults = transit.wrong_lines(request.lines)
    named = {"/from": request.source, "/to": request.destination}
    if request.source == request.destination:
        words = ("both warehouses are the same", "两个仓库相同")
        faults.append(Fault("same_warehouse", words, "/to"))
    held = aws.get_many(
        [
            *(catalog.warehouse_key(one) for one in named.values()),
            *(catalog.product_key(line.sku) for line in request.lines),
        ],
        consistent=True,
    )
    for (place, name), item in zip(named.items(), held[:2], strict=True):
        if catalog.warehouse_of(name, item) is None:
            faults.append(Fault("unknown_warehouse", ("no such warehouse", "没有该仓库"), place))
    for index, (line, item) in enumerate(zip(request.lines, held[2:], strict=True)):
        faults += unstocked(line.sku, catalog.product(item), f"/lines/{index}/sku")
    if faults:
        raise Invalid(*faults)


def _at(warehouse: str, sku: str) -> StockItem:
    return StockItem(sku=sku, warehouse=warehouse)
