"""`soms reconcile | sweep | redrive`: prove the books, find what was never applied, try again what failed."""

import json
import os
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from infra.target import NoSuchSystem, Target, find

Stage = Annotated[
    str, typer.Option(help="The system to talk to: `local`, or a stage on AWS.", metavar="NAME")
]
LOOKS = {"ok": "green", "failed": "red", "not run": "yellow"}
EXAMPLES = 5
LANGUAGE = ("LC_ALL", "LC_MESSAGES", "LANG")
FAILED, UNREACHABLE = 1, 2


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(reconcile)
    app.command()(sweep)
    app.command()(redrive)


def reconcile(
    stage: Stage = "local",
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,  # noqa: FBT002
) -> None:
    """Prove the books: run every invariant and print each with its counts.

    A difference is looked at again after a minute before it counts.

    Exit code 0: all hold. 1: one fails or did not run. 2: the system cannot be reached.
    """
    report = _invoked(_target(stage), "reconcile")
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False, indent=1))
    else:
        _print_checks(report)
    raise typer.Exit(0 if report.get("ok") else FAILED)


def sweep(stage: Stage = "local") -> None:
    """Find journal entries that a consumer never applied, and hand them on again.

    Runs every five minutes by itself. Exit code 0: done. 2: the system cannot be reached.
    """
    handed = _invoked(_target(stage), "sweep").get("handed_on", {})
    for consumer, count in handed.items():
        typer.echo(f"{consumer:16} {count:6} handed on")
    if not handed:
        typer.echo("nothing to hand on")


def redrive(
    consumer: Annotated[str | None, typer.Option(help="Only this consumer, such as `invoicing`.")] = None,
    stage: Stage = "local",
) -> None:
    """Hand quarantined records and failed batches to their consumers again.

    What a consumer takes is removed from the failures bucket; the rest stays there.

    Exit code 0: nothing is left. 1: something is. 2: the system cannot be reached.
    """
    from infra import redrive as redriving  # noqa: PLC0415

    target = _target(stage)
    try:
        outcome = redriving.redrive(target, consumer)
    except NoSuchSystem as reason:
        _give_up(reason)
    table = Table("consumer", "taken", "left")
    for name in sorted(outcome.taken | outcome.left):
        table.add_row(name, str(outcome.taken[name]), str(outcome.left[name]))
    if table.row_count:
        Console().print(table)
    else:
        typer.echo("nothing has failed")
    for key in outcome.unreadable:
        typer.echo(f"not a failed record: {key}", err=True)
    raise typer.Exit(FAILED if outcome.left or outcome.unreadable else 0)


def _target(stage: str) -> Target:
    try:
        return find(stage)
    except NoSuchSystem as reason:
        _give_up(reason)


def _give_up(reason: NoSuchSystem) -> NoReturn:
    typer.echo(str(reason), err=True)
    raise typer.Exit(UNREACHABLE) from reason


def _invoked(target: Target, action: str) -> dict[str, Any]:
    """Run the reconcile function and return its answer, or leave with 1 when it fails."""
    answer = target.client("lambda").invoke(
        FunctionName=target.function("reconcile"), Payload=json.dumps({"action": action}).encode()
    )
    told: dict[str, Any] = json.loads(answer["Payload"].read())
    if answer.get("FunctionError"):
        typer.echo(f"the function failed: {told.get('errorType')}: {told.get('errorMessage')}", err=True)
        raise typer.Exit(FAILED)
    return told


def _language() -> str:
    """Return what the user's environment asks messages to be in, such as zh_CN.UTF-8."""
    return next((os.environ[name] for name in LANGUAGE if os.environ.get(name)), "")


def _print_checks(report: dict[str, Any]) -> None:
    chinese = _language().startswith("zh")
    console, table = Console(), Table("", "invariant", "counted", "failures", "state")
    for check in report["checks"]:
        name = check.get("name_zh") if chinese else check["name"]
        state = check["state"]
        row = (str(check["check"]), name or check["name"], str(check["counted"]), str(check["failures"]))
        table.add_row(*row, f"[{LOOKS.get(state, 'white')}]{state}[/]")
    console.print(table)
    for check in report["checks"]:
        for example in check.get("examples", [])[:EXAMPLES]:
            console.print(f"{check['check']}: {example}", markup=False, highlight=False)
