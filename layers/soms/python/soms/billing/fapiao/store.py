"""Tax invoices in the billing table, each with the content that is sent, and their lists."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from soms.billing.fapiao.model import Content, Fapiao, State
from soms.kit import aws, items, paging
from soms.kit.problems import NotFound
from soms.kit.settings import Setting
from soms.kit.writes import Held, Rank, Stale, Writes

Key = tuple[Setting, Mapping[str, object]]
DUE: Final = "fapiao"


def key(fapiao_id: str) -> Key:
    """Return where a tax invoice lies."""
    return Setting.BILLING, {"pk": fapiao_id, "sk": "fapiao"}


def content_key(fapiao_id: str) -> Key:
    """Return where the content that is sent lies."""
    return Setting.BILLING, {"pk": fapiao_id, "sk": "content"}


def fapiao_of(held: items.Item | None) -> Fapiao | None:
    """Return the tax invoice an item holds."""
    return Fapiao.model_validate({**held, "kind": held["colour"]}) if held else None


def get(fapiao_id: str) -> Fapiao:
    """Return a tax invoice as it stands now, or raise NotFound."""
    found = fapiao_of(aws.get(*key(fapiao_id), consistent=True))
    if found is None:
        raise NotFound
    return found


def get_many(fapiao_ids: Iterable[str]) -> list[Fapiao]:
    """Return those of the tax invoices that there are, as they stand now."""
    found = map(fapiao_of, aws.get_many(map(key, fapiao_ids), consistent=True))
    return [one for one in found if one]


def content(fapiao_id: str) -> Content:
    """Return what is sent for a tax invoice."""
    return Content.model_validate(aws.get(*content_key(fapiao_id), consistent=True))


def put(writes: Writes, fapiao: Fapiao, *, before: Fapiao | None) -> None:
    """Write a tax invoice over what was read.

    Its customer stands under another name than with invoices, so that their lists do not carry it.
    """
    item = fapiao.model_dump(mode="json", exclude_none=True) | {
        **key(fapiao.id)[1],
        "kind": "fapiao",
        "colour": fapiao.kind,
        "seq": fapiao.seq,
        "status_shard": _listed_as(fapiao.state),
        "issued_key": f"{fapiao.requested_at}#{fapiao.id[-8:]}",
    }
    if fapiao.due_at:
        item |= {"due_shard": DUE, "due_key": f"{fapiao.due_at}#{fapiao.id[-8:]}"}
    writes.put(
        Setting.BILLING,
        item,
        condition="seq = :seq" if before else "attribute_not_exists(pk)",
        values={":seq": before.seq} if before else None,
        refused=_stale,
        rank=Rank.STATE,
    )


def insert_content(writes: Writes, fapiao_id: str, said: Content) -> None:
    """Write once what is sent for a tax invoice."""
    writes.put(
        Setting.BILLING,
        {
            **content_key(fapiao_id)[1],
            "kind": "fapiao_content",
            **said.model_dump(mode="json", exclude_none=True),
        },
        condition="attribute_not_exists(pk)",
        refused=_stale,
        rank=Rank.STATE,
    )


def listed(states: Iterable[State], *, limit: int, after: str | None) -> paging.Page:
    """Return one page of the tax invoices in some states, newest first."""
    return paging.listed(
        Setting.BILLING,
        "by_status",
        [_listed_as(state) for state in states],
        partition="status_shard",
        key="issued_key",
        limit=limit,
        after=after,
    )


def due(moment: str) -> Iterator[str]:
    """Yield the ids of the tax invoices that are to be looked at by a moment, the longest due first."""
    condition, values = "due_shard = :due AND due_key < :moment", {":due": DUE, ":moment": moment}
    return (str(row["id"]) for row in aws.query(Setting.BILLING, condition, values, index="by_due"))


def _listed_as(state: State) -> str:
    return f"fapiao#{state}"


def _stale(_held: Held) -> Exception:
    return Stale()
