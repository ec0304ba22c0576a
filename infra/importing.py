"""`soms import`: a file is uploaded and read, its rows are applied if asked, what is wrong is printed."""

import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from infra import posting
from infra.demo.client import Answer, Client, Unreachable

ROW_ERRORS, FAILED = 1, 2
LOOK_SECONDS = 0.3
PATIENCE_SECONDS = 300.0
"""How long nothing may happen before it is said that nothing does."""
WORKING = frozenset({"awaiting_upload", "validating", "applying"})
Body = Mapping[str, Any]


class NotTaken(RuntimeError):
    """The system refused something, or does not get on; the message says what."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("import")(import_file)


def import_file(
    file: Annotated[Path, typer.Argument(help="The file.", exists=True, dir_okay=False, readable=True)],
    kind: Annotated[str, typer.Option(help="What is in it: `bank_statements`, `settlements`.")],
    source: Annotated[str | None, typer.Option(help="Where it comes from, such as `bank-of-china`.")] = None,
    apply: Annotated[  # noqa: FBT002 a flag of a command
        bool, typer.Option("--apply", help="Apply what was read; without it nothing is stored.")
    ] = False,
    group: Annotated[str, typer.Option("--as", help="Whose token is used.", metavar="GROUP")] = "finance",
    base_url: Annotated[
        str | None, typer.Option(help="Where the API is, if not where the local system says.")
    ] = None,
    token: Annotated[
        str | None, typer.Option(envvar="SOMS_TOKEN", help="An access token, if not of the local system.")
    ] = None,
) -> None:
    """Import a file: read it, say what would happen and, with `--apply`, let it happen.

    The same file again takes nothing twice. Exit code 0: every row is good. 1: some are not, the first are
    printed. 2: it failed, and why.
    """
    console = Console()
    body = {"kind": kind, "file_name": file.name} | ({"source": source} if source else {})
    try:
        job = Importing(_client(base_url, token), group, console).run(file, body, apply=apply)
    except (NotTaken, Unreachable) as failure:
        console.print(f"[bold red]✗[/] {failure}", highlight=False, soft_wrap=True)
        raise typer.Exit(FAILED) from failure
    _print(console, job)
    if job["state"] in {"failed", "cancelled"}:
        raise typer.Exit(FAILED)
    raise typer.Exit(ROW_ERRORS if job["counts"]["failed"] else 0)


class Importing:
    """One import, from its file to its end."""

    def __init__(self, client: Client, group: str, console: Console) -> None:
        """Talk to the API as a member of a group."""
        self._client, self._group, self._console = client, group, console

    def run(self, file: Path, body: Body, *, apply: bool) -> Body:
        """Upload a file and let it be read and, if asked, applied; return how it ended."""
        opened = self._sent("POST", "/imports", body)
        job = str(opened["id"])
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, TimeElapsedColumn(), console=self._console) as progress:
            task = progress.add_task("uploading 上传", total=None)
            sent = _uploaded(opened["upload"], file)
            if sent.status >= 300:  # noqa: PLR2004 whatever is no success
                message = f"the upload was refused ({sent.status}): {sent.reason}"
                raise NotTaken(message)
            progress.update(task, description="reading 读取")
            found = self._settled(job, lambda _: None)
            if apply and found["state"] == "ready":
                progress.update(task, description="applying 导入", total=found["counts"]["rows"])
                self._sent("POST", f"/imports/{job}/apply", {})
                found = self._settled(job, lambda done: progress.update(task, completed=done))
        return found

    def _settled(self, job: str, tell: Callable[[int], None]) -> Body:
        """Wait until nothing is under way any more, telling how far it is; raise NotTaken when it stays."""
        moved, since = "", time.monotonic()
        while True:
            found = self._sent("GET", f"/imports/{job}")
            if found["state"] not in WORKING:
                return found
            tell(int(found["progress"]["done"]))
            seen = f"{found['state']} {found['progress']}"
            moved, since = (moved, since) if seen == moved else (seen, time.monotonic())
            if time.monotonic() - since > PATIENCE_SECONDS:
                message = f"nothing happens to {job} ({seen}): POST /v1/imports/{job}/retry begins again"
                raise NotTaken(message)
            time.sleep(LOOK_SECONDS)

    def _sent(self, method: str, path: str, body: object = None) -> Body:
        key = uuid.uuid4().hex if method == "POST" else None
        answer = self._client.call(method, path, body, as_=self._group, key=key)
        if not answer.is_good:
            raise NotTaken(_refusal(answer))
        return answer.body


def _uploaded(form: Body, file: Path) -> posting.Sent:
    try:
        return posting.post(form, file.read_bytes(), file.name)
    except OSError as failed:
        message = f"the file could not be uploaded: {failed}"
        raise NotTaken(message) from failed


def _client(base_url: str | None, token: str | None) -> Client:
    """Return a client of the API; the running local system gives what is not said."""
    if base_url and token:
        return Client(base_url, lambda _group: token)
    from infra.local import deploy, people  # noqa: PLC0415
    from infra.local.home import Home  # noqa: PLC0415

    home = Home.here()
    status: Mapping[str, Any] | None = home.read_status()
    if not status or status["state"] != "ready":
        message = "The local system does not run: start it with `make run`."
        raise NotTaken(message)
    account, outputs = deploy.Account(str(status["endpoint"])), status["outputs"]
    everybody = people.of(home.people, account, outputs, lambda text: typer.echo(text, err=True))

    def signed_in(name: str) -> str:
        try:
            return token or everybody.token(name)
        except people.UnknownPerson as unknown:
            raise NotTaken(str(unknown)) from unknown

    return Client(base_url or str(status["api"]), signed_in)


def _refusal(answer: Answer) -> str:
    told: list[Any] = answer.body.get("errors") or []  # type: ignore[assignment] # as problems are
    where = "; ".join(f"{one.get('pointer', '')} {one['detail']}".strip() for one in told)
    return f"{answer.status} {answer.code}: {where or answer.body.get('detail', '')}"


def _print(console: Console, job: Body) -> None:
    counts = job["counts"]
    verb = "taken 已导入" if job["applied_at"] else "good 可导入"
    console.print(
        f"[bold]{job['id']}[/] {job['state']}: {counts['rows']} rows 行, {counts['ok']} {verb}, "
        f"{counts['duplicate']} known or repeated 重复, {counts['failed']} refused 失败",
        highlight=False,
        soft_wrap=True,
    )
    if job["errors"]:
        table = Table("row 行", "code", "message", "说明")
        for one in job["errors"]:
            row = "" if one["row"] is None else str(one["row"])
            table.add_row(row, one["code"], one["message_en"], one["message_zh"])
        console.print(table)
    if job["errors_url"]:
        console.print(f"all errors 全部错误: {job['errors_url']}", highlight=False, soft_wrap=True)
    if job["state"] == "ready":
        console.print("nothing is stored yet: add --apply 尚未写入，加 --apply 即导入", highlight=False)
