"""`soms demo`: real orders travel the whole way through the running system, and the books are proved."""

import json
import time
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from infra import operate
from infra.demo import excerpt, month_end, order_day, papers, proof, story, supplying
from infra.demo.client import Client, Unreachable
from infra.demo.crew import Crew, Unexpected
from infra.demo.plan import NotTaken
from infra.local import deploy, people
from infra.local.control import ask
from infra.local.home import Home

FAILED, NOT_RUNNING = 1, 3
DRAIN_SECONDS = 180.0
READ_SECONDS = 20
"""How long a message that was read stays hidden; then the mailbox is as it was."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)


def demo(
    base_url: Annotated[
        str | None, typer.Option(help="Where the API is, if not where the local system says.")
    ] = None,
    clients: Annotated[int, typer.Option(help="How many clients order at once.", min=1, max=32)] = 4,
    days: Annotated[
        int | None, typer.Option(help="Only so many business days of the excerpt.", min=1, max=2)
    ] = None,
) -> None:
    """Let two real days of a real wholesaler travel through the running system, then prove the books.

    Can be run again on the same system: what was done is answered again, and nothing is done twice.
    Exit code 0: everything is so. 1: something is not. 3: the system does not run.
    """
    console, home = Console(), Home.here()
    status = home.read_status()
    if not status or status["state"] != "ready":
        typer.echo("The local system does not run: start it with `make run`.", err=True)
        raise typer.Exit(NOT_RUNNING)
    try:
        failed = _run(console, Local(home, status, console), base_url, clients, days)
    except (Unexpected, Unreachable) as failure:
        console.print(f" [bold red]✗[/] {failure}", highlight=False, soft_wrap=True)
        raise typer.Exit(FAILED) from failure
    if failed:
        raise typer.Exit(FAILED)


class Local:
    """The running local system: its users, its streams, purchasing's mailbox."""

    def __init__(self, home: Home, status: Mapping[str, Any], console: Console) -> None:
        """Use what the system says about itself."""
        self.home, self._status, self._console = home, status, console
        self._account = deploy.Account(str(status["endpoint"]))
        self._people = people.of(home.people, self._account, status["outputs"], console.print)

    @property
    def api(self) -> str:
        """Where the API is."""
        return str(self._status["api"])

    def token(self, group: str) -> str:
        """Return an access token of a member of a group, after a real sign-in."""
        return self._people.token(group)

    def settle(self) -> None:
        """Wait until streams, queues and jobs are worked off, or raise Unexpected."""
        control = self._status["control"]
        with self._console.status("waiting for the streams 等待事件流处理完成"):
            told: dict[str, Any] = ask(
                control["port"], control["token"], "drain", DRAIN_SECONDS, timeout=DRAIN_SECONDS
            )
        if not told["done"]:
            message = f"after {DRAIN_SECONDS:.0f} s the streams still hold {told['backlog']}"
            raise Unexpected(message)

    def mail(self) -> str:
        """Return all that purchasing was sent; the messages stay in the mailbox."""
        return self._read("mailbox")

    def sales_mail(self) -> str:
        """Return all that sales was sent; the messages stay in the mailbox."""
        return self._read("sales_mailbox")

    def _read(self, mailbox: str) -> str:
        sqs = self._account.client("sqs")
        found: list[Any] = []
        while True:
            page = sqs.receive_message(
                QueueUrl=self._status[mailbox], MaxNumberOfMessages=10, VisibilityTimeout=READ_SECONDS
            ).get("Messages", [])
            if not page:
                return "\n".join(str(json.loads(one["Body"]).get("Message")) for one in found)
            found += page


def _run(console: Console, local: Local, base_url: str | None, clients: int, days: int | None) -> int:
    """Tell the story and prove it; return how many claims do not hold."""
    began = time.monotonic()
    client = Client(base_url or local.api, local.token)
    crew, rows = Crew(client, clients, console), excerpt.rows(days)
    console.print(
        f"[bold]Online Retail[/], {rows[0].day} – {rows[-1].day}, {clients} clients → {client.base_url}"
    )
    today = order_day.chosen(excerpt.rows(), rows)
    told = story.tell(crew, excerpt.rows(), rows, today.goods, local.settle)
    console.print(
        f"  {len(told.placed)} orders ({told.replayed} were there before), "
        f"{len(told.cancelled)} cancellations, {len(told.sent)} shipments"
    )
    _print_left(console, told.left)

    sheet = proof.Sheet(console)
    billed = proof.bills(crew, told)
    proof.amounts(sheet, told, billed, excerpt.reference(days))
    proof.invoices(sheet, crew, told, billed)
    proof.shipments(sheet, crew, told)
    proof.repeated(sheet, crew, told)
    proof.too_many(sheet, crew, told)
    proof.low_stock(sheet, crew, told, local.mail())
    order_day.tell(sheet, crew, today, local.settle)
    supplying.tell(sheet, crew, today, local.settle, local.sales_mail)
    month_end.tell(sheet, crew, billed, local.settle)
    _reconcile(sheet)
    month_end.close(sheet, crew, billed)
    invoice = next(one for each in billed for one in each.invoices)
    saved = papers.show(sheet, crew, invoice, local.home.root / "demo")
    console.print(f"  open it 打开查看: {saved[0]}", highlight=False, soft_wrap=True)
    verdict = "[bold green]everything is so 全部成立[/]" if not sheet.failed else "[bold red]not so 不成立[/]"
    console.print(f"{verdict} ({time.monotonic() - began:.0f} s)")
    return sheet.failed


def _print_left(console: Console, left: Sequence[NotTaken]) -> None:
    table = Table(
        "invoice 发票", "lines 行", "GBP", "reason 原因", title="not taken 未接收", title_justify="left"
    )
    rows: dict[tuple[str, str], tuple[int, Decimal]] = {}
    for one in left:
        lines, amount = rows.get((one.invoice, one.reason), (0, excerpt.ZERO))
        rows[one.invoice, one.reason] = lines + len(one.rows), amount + one.amount
    for (invoice, reason), (lines, amount) in rows.items():
        table.add_row(invoice, str(lines), f"{amount:,.2f}", str(reason))
    console.print(table)


def _reconcile(sheet: proof.Sheet) -> None:
    """Claim what `soms reconcile` proves."""
    try:
        operate.reconcile()
    except typer.Exit as done:
        code = done.exit_code
    sheet.claim(code == 0, "`soms reconcile` is green", "对账全部通过", f"exit code {code}")


if __name__ == "__main__":
    typer.run(demo)
