"""Several clients at work at once, with a progress bar."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from rich.cells import set_cell_size
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from infra.demo.client import Answer

TITLE_CELLS = 26
Thing = TypeVar("Thing")
Done = TypeVar("Done")


class Unexpected(RuntimeError):
    """The system answered what the story has no room for; the message says what."""


class Caller(Protocol):
    """Whatever carries requests to the system."""

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        as_: str,
        key: str | None = None,
        etag: str | None = None,
    ) -> Answer:
        """Send one request as a member of a group and return the answer."""


class Crew:
    """A number of clients that share a list of things to do."""

    def __init__(self, caller: Caller, clients: int, console: Console) -> None:
        """Let so many clients send their requests through `caller`."""
        self.caller, self._clients, self._console = caller, clients, console

    def each(self, title: str, things: Sequence[Thing], work: Callable[[Thing], Done]) -> list[Done]:
        """Do the work on every thing and return the outcomes in their order; the first failure ends it."""
        columns = (
            TextColumn("  {task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with (
            Progress(*columns, console=self._console) as progress,
            ThreadPoolExecutor(self._clients) as pool,
        ):
            task = progress.add_task(set_cell_size(title, TITLE_CELLS), total=len(things))

            def one(thing: Thing) -> Done:
                outcome = work(thing)
                progress.advance(task)
                return outcome

            try:
                return list(pool.map(one, things))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def must(
        self, method: str, path: str, body: object = None, *, as_: str, key: str | None = None
    ) -> Answer:
        """Send one request that has to be carried out, or raise Unexpected with what was answered."""
        answer = self.caller.call(method, path, body, as_=as_, key=key)
        if not answer.is_good:
            message = f"{method} {path}: {answer.status} {answer.code}. {answer.body.get('detail', '')}"
            raise Unexpected(message)
        return answer

    def rows(self, path: str, *, as_: str) -> list[dict[str, object]]:
        """Return every row of a list, page by page."""
        found: list[dict[str, object]] = []
        cursor = ""
        while True:
            join = "&" if "?" in path else "?"
            page = self.must("GET", f"{path}{join}limit=100{cursor}", as_=as_).body
            data = page["data"]
            found += data if isinstance(data, list) else []
            if page["next_cursor"] is None:
                return found
            cursor = f"&cursor={page['next_cursor']}"
