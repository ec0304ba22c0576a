"""What an import is: its states and what leads from one to another, its counts, its rows and their errors."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from soms.kit.fields import Code, Frozen, Request, Text, wrong
from soms.kit.problems import InvalidState, Problem, Words

FEW: Final = 20
"""How many rows and errors are shown beside a job; all errors are in its file."""


class State(StrEnum):
    """Where an import stands."""

    AWAITING_UPLOAD = "awaiting_upload"
    VALIDATING = "validating"
    READY = "ready"
    APPLYING = "applying"
    DONE = "done"
    DONE_WITH_ERRORS = "done_with_errors"
    FAILED = "failed"
    CANCELLED = "cancelled"


_S = State
UNDER_WAY = frozenset({_S.VALIDATING, _S.APPLYING})
STEPS: Mapping[str, Mapping[State, tuple[State, ...]]] = {
    "apply": {_S.READY: (_S.APPLYING,)},
    "cancel": dict.fromkeys((_S.AWAITING_UPLOAD, _S.VALIDATING, _S.READY, _S.APPLYING), (_S.CANCELLED,)),
    "retry": {
        _S.AWAITING_UPLOAD: (_S.AWAITING_UPLOAD,),
        _S.VALIDATING: (_S.VALIDATING,),
        _S.APPLYING: (_S.APPLYING,),
        _S.FAILED: (_S.VALIDATING, _S.APPLYING),
    },
}
"""Command → state → where it may lead; everything else moves by itself."""


class KindName(StrEnum):
    """What can be imported."""

    BANK_STATEMENTS = "bank_statements"
    SETTLEMENTS = "settlements"


class Counts(Frozen):
    """Rows of a file: `ok` are taken (before applying: would be), `duplicate` were there already."""

    rows: int = 0
    ok: int = 0
    failed: int = 0
    duplicate: int = 0


class RowError(Frozen):
    """Why a row, or without one the whole file, was not taken."""

    row: int | None = None
    code: str
    message_en: str
    message_zh: str

    @classmethod
    def of(cls, problem: Problem, row: int) -> "RowError":
        """Return what a refusal says of a row: its first fault, or else its own words."""
        fault = problem.faults[0] if problem.faults else problem.as_fault()
        english, chinese = fault.words
        return cls(row=row, code=fault.code, message_en=english, message_zh=chinese)


class Unreadable(Exception):
    """A file that cannot be read at all, and where it broke off."""

    def __init__(self, code: str, words: Words, row: int | None = None) -> None:
        """Keep the reason in both languages."""
        super().__init__(code)
        self.error = RowError(row=row, code=code, message_en=words[0], message_zh=words[1])


class Row(Frozen):
    """One row as a kind reads it: `id` tells it from all others, `facts` are what its neighbours share."""

    id: str
    value: Mapping[str, object]
    facts: Mapping[str, object] = Field(default_factory=dict)
    error: RowError | None = None


class Import(Frozen):
    """A job: `run` counts its starts by command, `attempts` those that came to nothing since it moved."""

    id: str
    kind: KindName
    file_name: str
    source: str | None = None
    options: Mapping[str, object] = Field(default_factory=dict)
    time_zone: str
    state: State = State.AWAITING_UPLOAD
    version: int = 1
    settled: int = 0
    run: int = 0
    attempts: int = 0
    worker: str | None = None
    done: int = 0
    counts: Counts = Counts()
    errors: tuple[RowError, ...] = ()
    lines: str | None = None
    error_file: str | None = None
    created_at: str
    created_by: str
    applied_at: str | None = None
    applied_by: str | None = None
    principal: str | None = None
    finished_at: str | None = None

    def require(self, command: str) -> tuple[State, ...]:
        """Return the states that a command may lead to from here, or raise InvalidState."""
        leads = STEPS[command].get(self.state)
        if leads is None:
            allowed = [name for name, steps in STEPS.items() if self.state in steps]
            raise InvalidState(command=command, state=self.state, allowed=allowed)
        return leads

    def with_errors(self, errors: Sequence[RowError]) -> tuple[RowError, ...]:
        """Return the first errors there are, with these after those that are known."""
        return (*self.errors, *errors)[:FEW]


def _plain_name(name: str) -> str:
    if not name.isprintable() or "/" in name or "\\" in name:
        raise wrong("wrong_format", "a file's name without its folder", "须为不含目录的文件名")
    return name


class ImportRequest(Request):
    """A file that somebody is about to upload."""

    kind: KindName
    file_name: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_plain_name)]
    source: Code | None = None
    options: Mapping[str, object] = Field(default_factory=dict)


class CommandRequest(Request):
    """A command to an import, and why."""

    reason: Text | None = None
