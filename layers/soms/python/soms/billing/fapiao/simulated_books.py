"""The simulated platform's own books, kept beside ours, and what is planned to go wrong on the way to it."""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Literal, TypeVar

from soms.billing.fapiao.port import Unknown
from soms.kit import aws, ids
from soms.kit.settings import Setting
from soms.kit.writes import Held, Rank, Stale, Writes, decide

Trouble = Literal["unreached", "lost"]
Told = TypeVar("Told")


def allow(credit: Decimal) -> None:
    """Set how much the platform lets be issued in a month."""
    book = get("book")
    writes = Writes()
    put(writes, "book", (book or {}) | {"credit": credit}, book)
    writes.commit()


def plan(call: str, *troubles: Trouble) -> None:
    """Let the next calls of a kind never arrive (`unreached`), or their answers be lost (`lost`)."""
    held = get(f"plan#{call}")
    writes = Writes()
    put(writes, f"plan#{call}", {"troubles": list(troubles)}, held)
    writes.commit()


def troubled(call: str, perform: Callable[[], Told]) -> Told | Unknown:
    """Make a call as it was planned to go: undisturbed, never arriving, or with its answer lost."""
    trouble = decide(lambda: _next_trouble(call))
    if trouble == "unreached":
        return Unknown("the platform was not reached")
    told = perform()
    return Unknown("the answer was lost") if trouble == "lost" else told


def _next_trouble(call: str) -> object:
    held = get(f"plan#{call}")
    troubles = held.get("troubles") if held else None
    if not isinstance(troubles, list) or not troubles:
        return None
    writes = Writes()
    put(writes, f"plan#{call}", {"troubles": troubles[1:]}, held)
    writes.commit()
    return troubles[0]


def serial_of(number: str) -> str | None:
    """Return under which serial a number was given."""
    held = get(f"number#{number}")
    return str(held["serial"]) if held else None


def digest(said: object) -> str:
    """Return what tells one content from another."""
    return ids.digest(json.dumps(said, sort_keys=True))


def get(name: str) -> Held:
    """Return a record of the books, or None."""
    return aws.get(Setting.BILLING, {"pk": f"simulator#{name}", "sk": "simulator"}, consistent=True)


def put(writes: Writes, name: str, said: Mapping[str, object], before: Held) -> None:
    """Write a record over what was read."""
    seq = int(str(before["seq"])) if before else 0
    key = {"pk": f"simulator#{name}", "sk": "simulator", "kind": "simulator", "seq": seq + 1}
    writes.put(
        Setting.BILLING,
        {**said, **key},
        condition="seq = :seq" if before else "attribute_not_exists(pk)",
        values={":seq": seq} if before else None,
        refused=_stale,
        rank=Rank.STATE,
    )


def _stale(_held: Held) -> Exception:
    return Stale()
