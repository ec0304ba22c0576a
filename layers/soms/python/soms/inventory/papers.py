"""Transfers and counts in the inventory table: the papers of the warehouse, and the lines of counts."""

from collections.abc import Iterable, Sequence
from typing import Final, Literal

from soms.inventory.counts import Count, CountLine
from soms.inventory.model import StockItem
from soms.inventory.store import Key
from soms.inventory.transit import Transfer
from soms.kit import aws, items, paging
from soms.kit.problems import NotFound
from soms.kit.settings import Setting
from soms.kit.writes import MOST_ACTIONS, Held, Rank, Refusal, Stale, Writes

Room = Literal["transfer", "count"]
LINE: Final = "line#"


def transfer(transfer_id: str) -> Transfer:
    """Return a transfer as it stands now, or raise NotFound."""
    return Transfer.model_validate(_get("transfer", transfer_id))


def put_transfer(writes: Writes, after: Transfer, *, before: Transfer | None) -> None:
    """Write a transfer over the version that was read."""
    item = after.model_dump(mode="json", by_alias=True, exclude_none=True) | {"kind": "transfer"}
    _put(writes, "transfer", after, item, before)


def count(count_id: str) -> Count:
    """Return a count as it stands now, or raise NotFound."""
    return Count.model_validate(_get("count", count_id))


def put_count(writes: Writes, after: Count, *, before: Count | None) -> None:
    """Write a count over what was read, in which no line has changed since."""
    _put(writes, "count", after, after.model_dump(mode="json", exclude_none=True), before)


def note(writes: Writes, count_id: str, *, counted: int, refused: Refusal) -> None:
    """Tell a count that lines were noted, so many for the first time, as long as it is open for that."""
    writes.update(
        *key("count", count_id),
        "ADD settled :one, counted :counted",
        values={":one": 1, ":counted": counted, ":counting": "counting"},
        condition="#status = :counting",
        names={"#status": "status"},
        refused=refused,
        rank=Rank.STATE,
    )


def listed(room: Room, states: Sequence[str], *, limit: int, after: str | None) -> paging.Page:
    """Return one page of the papers in these states, newest first."""
    return paging.listed(
        Setting.INVENTORY,
        "by_paper",
        [f"{room}#{state}" for state in states],
        partition="paper_key",
        key="listed_key",
        limit=limit,
        after=after,
    )


def key(room: Room, paper_id: str) -> Key:
    """Return where a paper lies."""
    return Setting.INVENTORY, {"pk": paper_id, "sk": room}


def line_key(count_id: str, sku: str) -> Key:
    """Return where a line of a count lies."""
    return Setting.INVENTORY, {"pk": count_id, "sk": f"{LINE}{sku}"}


def lines(count_id: str) -> list[CountLine]:
    """Return the lines of a count by SKU."""
    return [CountLine.model_validate(row) for row in _lines(count_id, LINE, None)]


def line(count_id: str, sku: str) -> CountLine:
    """Return a line of a count as it stands now, or raise NotFound."""
    held = aws.get(*line_key(count_id, sku), consistent=True)
    if held is None:
        raise NotFound
    return CountLine.model_validate(held)


def line_page(count_id: str, *, limit: int, after: str | None) -> paging.Page:
    """Return one page of the lines of a count by SKU."""
    rows = (row for row in _lines(count_id, after or LINE, limit + 2) if row["sk"] != after)
    return paging.merged([lambda: rows], "sk", limit, newest_first=False)


def put_line(
    writes: Writes, count_id: str, after: CountLine, *, before: CountLine | None, refused: Refusal
) -> None:
    """Write a line of a count over the version that was read."""
    item = after.model_dump(mode="json", exclude_none=True)
    writes.put(
        Setting.INVENTORY,
        item | {**line_key(count_id, after.sku)[1], "kind": "count_line"},
        condition="#version = :before" if before else "attribute_not_exists(pk)",
        names={"#version": "version"} if before else None,
        values={":before": before.version} if before else None,
        refused=refused,
        rank=Rank.STATE,
    )


def add_lines(count_id: str, wanted: Iterable[CountLine]) -> int:
    """Write the lines of a count before it is opened, each once; return how many it has."""
    there = {one.sku for one in lines(count_id)}
    missing = [one for one in wanted if one.sku not in there]
    for start in range(0, len(missing), MOST_ACTIONS):
        writes = Writes()
        for one in missing[start : start + MOST_ACTIONS]:
            put_line(writes, count_id, one, before=None, refused=_stale)
        writes.commit()
    return len(there) + len(missing)


def mark_counted(writes: Writes, item: StockItem, *, found: int, posted: int, refused: Refusal) -> None:
    """Note up to which `seq` a stock item is counted, unless it was after what is posted was found."""
    writes.put(
        Setting.INVENTORY,
        {"pk": f"counted#{item}", "sk": "counted", "kind": "counted", "seq": posted},
        condition="attribute_not_exists(pk) OR seq <= :found",
        values={":found": found},
        refused=refused,
    )


def reference_key(reference: str) -> Key:
    """Return where it is kept which count a snapshot of another system has become."""
    return Setting.INVENTORY, {"pk": f"snapshot#{reference}", "sk": "snapshot"}


def put_reference(writes: Writes, reference: str, held: Count) -> None:
    """Keep which count a snapshot has become; the first one stays."""
    row = {**reference_key(reference)[1], "kind": "reference", "count_id": held.id, "request": held.request}
    condition = "attribute_not_exists(pk)"
    writes.put(Setting.INVENTORY, row, condition=condition, refused=_stale, rank=Rank.AGGREGATE)


def _get(room: Room, paper_id: str) -> items.Item:
    held = aws.get(*key(room, paper_id), consistent=True)
    if held is None:
        raise NotFound
    return held


def _put(
    writes: Writes, room: Room, after: Transfer | Count, item: items.Item, before: Transfer | Count | None
) -> None:
    lists = {"paper_key": f"{room}#{after.status}", "listed_key": f"{after.created_at}#{after.id[-8:]}"}
    writes.put(
        Setting.INVENTORY,
        item | {**key(room, after.id)[1], **lists},
        condition="#version = :version AND settled = :settled" if before else "attribute_not_exists(pk)",
        names={"#version": "version"} if before else None,
        values={":version": before.version, ":settled": before.settled} if before else None,
        refused=_stale,
        rank=Rank.STATE,
    )


def _lines(count_id: str, low: str, limit: int | None) -> Iterable[items.Item]:
    return aws.query(
        Setting.INVENTORY,
        "pk = :pk AND sk BETWEEN :low AND :high",
        {":pk": count_id, ":low": low, ":high": f"{LINE}~"},
        limit=limit,
        consistent=True,
    )


def _stale(_held: Held) -> Exception:
    return Stale()
