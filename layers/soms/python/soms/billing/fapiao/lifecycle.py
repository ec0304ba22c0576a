"""Which command or answer leads a tax invoice from which state to which; code, docs and tests read this."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from soms.billing.fapiao.model import Fapiao, Kind, State
from soms.kit.problems import InvalidState

BLUE: Final[tuple[Kind, ...]] = ("blue",)
RED: Final[tuple[Kind, ...]] = ("red",)
BOTH: Final[tuple[Kind, ...]] = ("blue", "red")


@dataclass(frozen=True)
class Step:
    """A command of ours or an answer of the platform, for which kinds, and from where to where it leads."""

    name: str
    kinds: tuple[Kind, ...]
    leads: Mapping[State, State]


COMMANDS: Final[tuple[Step, ...]] = (
    Step("submit", BLUE, {"requested": "submitted", "rejected": "submitted"}),
    Step("submit", RED, {"confirmation_confirmed": "submitted", "rejected": "submitted"}),
    Step("resend", BOTH, {"submitted": "submitted", "unknown": "submitted"}),
    Step(
        "apply",
        RED,
        {
            "requested": "confirmation_applied",
            "confirmation_refused": "confirmation_applied",
            "confirmation_withdrawn": "confirmation_applied",
            "rejected": "confirmation_applied",
        },
    ),
    Step(
        "confirm",
        RED,
        {
            "requested": "confirmation_applied",
            "confirmation_refused": "confirmation_applied",
            "confirmation_withdrawn": "confirmation_applied",
            "rejected": "confirmation_applied",
        },
    ),
    Step(
        "withdraw",
        RED,
        {
            "confirmation_applied": "confirmation_withdrawing",
            "confirmation_confirmed": "confirmation_withdrawing",
        },
    ),
)
ANSWERS: Final[tuple[Step, ...]] = (
    # An earlier attempt may arrive after a later one was refused.
    Step("accepted", BOTH, {"submitted": "submitted", "unknown": "submitted", "rejected": "submitted"}),
    Step("lost", BOTH, {"submitted": "unknown", "unknown": "unknown"}),
    Step("unheard", BOTH, {"submitted": "submitted", "unknown": "unknown", "rejected": "rejected"}),
    # What was issued is issued, however late we hear of it.
    Step("issued", BOTH, {"submitted": "issued", "unknown": "issued", "rejected": "issued"}),
    Step("refused", BOTH, {"submitted": "rejected", "unknown": "rejected"}),
    Step("confirmation_open", RED, {"confirmation_applied": "confirmation_applied"}),
    Step(
        "confirmation_lost",
        RED,
        {
            "confirmation_applied": "confirmation_applied",
            "confirmation_withdrawing": "confirmation_withdrawing",
        },
    ),
    Step("confirmation_confirmed", RED, {"confirmation_applied": "confirmation_confirmed"}),
    Step(
        "confirmation_refused",
        RED,
        {
            "confirmation_applied": "confirmation_refused",
            "confirmation_confirmed": "confirmation_refused",
            "confirmation_withdrawing": "confirmation_refused",
        },
    ),
    Step(
        "confirmation_withdrawn",
        RED,
        {
            "confirmation_applied": "confirmation_withdrawn",
            "confirmation_confirmed": "confirmation_withdrawn",
            "confirmation_withdrawing": "confirmation_withdrawn",
        },
    ),
    Step("withdrawal_refused", RED, {"confirmation_withdrawing": "confirmation_applied"}),
)
WAITING: Final[frozenset[State]] = frozenset(
    {"submitted", "unknown", "confirmation_applied", "confirmation_withdrawing"}
)
"""States in which the platform, or the buyer on it, has something to say."""
ASKED: Final[frozenset[State]] = WAITING | {"confirmation_confirmed", "issued", "rejected"}
"""States in which `refresh` asks the platform."""
CLIENTS: Final = ("submit", "apply", "confirm", "withdraw")


def find(steps: tuple[Step, ...], name: str, fapiao: Fapiao) -> State | None:
    """Return the state to which a step leads from where a tax invoice stands, or None."""
    for step in steps:
        if step.name == name and fapiao.kind in step.kinds and fapiao.state in step.leads:
            return step.leads[fapiao.state]
    return None


def allowed(fapiao: Fapiao) -> list[str]:
    """Return the commands that a tax invoice allows."""
    open_to = [name for name in CLIENTS if find(COMMANDS, name, fapiao)]
    return [*open_to, "refresh"] if may_refresh(fapiao) else open_to


def may_refresh(fapiao: Fapiao) -> bool:
    """Tell whether the platform has anything to say: of what is issued only while files are missing."""
    return fapiao.state in ASKED and (fapiao.state != "issued" or bool(fapiao.missing))


def require(fapiao: Fapiao, command: str) -> State:
    """Return the state that a command leads to, or raise InvalidState with what is allowed."""
    found = find(COMMANDS, command, fapiao)
    if found is None:
        raise InvalidState(command=command, state=fapiao.state, allowed=allowed(fapiao))
    return found
