"""Tells a story step by step: each has its own key and is printed with what is seen of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from infra.demo.client import Answer
from infra.demo.crew import Crew, Unexpected
from infra.demo.proof import Sheet

Body = dict[str, object]
Words = tuple[str, str]
"""English, Chinese."""
Look = Callable[[Body], tuple[bool, str]]
"""What is seen in an answer: whether it is as it should be, and in few words what is there."""
AGAIN = "done before, answered again · 此前已完成，返回原结果"


@dataclass(frozen=True)
class Ask:
    """One request: who sends what where."""

    who: str
    method: str
    path: str
    body: object = None
    etag: str | None = None


class Teller:
    """Whoever tells the story of one order."""

    def __init__(self, sheet: Sheet, crew: Crew, name: str) -> None:
        """Begin a story; `name` makes the keys of its steps the same in every run."""
        self.sheet, self.crew, self._name = sheet, crew, name
        self._past: frozenset[str] = frozenset()

    def remember(self, events: Sequence[str]) -> None:
        """Take note of what happened in an earlier run."""
        self._past = frozenset(events)

    def is_new(self, event: str) -> bool:
        """Tell whether this is still ahead, so that what leads to it can be looked at."""
        return event not in self._past

    def step(self, key: str, words: Words, ask: Ask, look: Look) -> Body:
        """Carry out a step, once in all runs, and say what is seen; raise Unexpected if it is refused."""
        answer = self.silent(key, ask)
        holds, seen = (True, AGAIN) if answer.is_replayed else look(answer.body)
        self.sheet.claim(holds, *words, f"{ask.who}: {seen}")
        return answer.body

    def silent(self, key: str, ask: Ask) -> Answer:
        """Carry out a step, once in all runs, without a word."""
        answer = self._send(ask, f"{self._name}-{key}")
        if not answer.is_good:
            message = f"{ask.who} {ask.method} {ask.path}: {answer.status} {answer.code}. {_detail(answer)}"
            raise Unexpected(message)
        return answer

    def refused(self, key: str, words: Words, ask: Ask, status: int, code: str) -> None:
        """Claim that a request is refused so."""
        answer = self._send(ask, f"{self._name}-{key}")
        seen = f"{ask.who}: {answer.status} {answer.code}. {_detail(answer)}"
        self.sheet.claim((answer.status, answer.code) == (status, code), *words, seen)

    def read(self, who: str, path: str) -> Body:
        """Return what somebody reads."""
        return self.crew.must("GET", path, as_=who).body

    def rows(self, who: str, path: str) -> list[Body]:
        """Return the rows of a list that comes in one page."""
        return rows(self.read(who, path))

    def rows_of(self, who: str, path: str, name: str) -> list[Body]:
        """Return a list that lies in what somebody reads under a name."""
        return rows(self.read(who, path), name)

    def etag(self, who: str, path: str) -> str:
        """Return the tag of a resource as it is now."""
        return self.crew.must("GET", path, as_=who).headers["etag"]

    def _send(self, ask: Ask, key: str) -> Answer:
        return self.crew.caller.call(ask.method, ask.path, ask.body, as_=ask.who, key=key, etag=ask.etag)


def rows(body: Mapping[str, object], name: str = "data") -> list[Body]:
    """Return the list that a body has under a name, empty where it has none."""
    found = body.get(name)
    return found if isinstance(found, list) else []


def _detail(answer: Answer) -> str:
    errors = [str(one.get("detail")) for one in rows(answer.body, "errors")]
    return "; ".join(errors) or str(answer.body.get("detail", ""))
