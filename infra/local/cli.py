"""`soms local …`: run, look at and stop the system on this machine."""

import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from infra.local.control import ask
from infra.local.home import Home

FAILED, CANNOT, NOT_RUNNING = 1, 2, 3
STOP_SECONDS = 180
DRAIN_SECONDS = 60.0

app = typer.Typer(
    help="The whole system on this machine: the same template as on AWS, on 127.0.0.1. "
    "State lies under `.soms/` (SOMS_HOME= changes it).",
    no_args_is_help=True,
)


def register(parent: typer.Typer) -> None:
    """Add the commands as `local`."""
    parent.add_typer(app, name="local")


@app.command()
def run(
    port: Annotated[int, typer.Option(envvar="PORT", help="Where the API listens on 127.0.0.1.")] = 8787,
) -> None:
    """Start everything and stay in the foreground until Ctrl-C, which keeps the data.

    Ready when it prints a line beginning `ready`.

    Exit code 0: stopped. 1: something broke. 2: this machine cannot run it yet, and it says why.
    """
    from infra.local.run import main  # noqa: PLC0415 the other commands start faster without it

    raise typer.Exit(main(port))


@app.command()
def token(
    name: Annotated[
        str, typer.Argument(help="A group (sales, finance, …), `sales2`, or `machine`.", metavar="GROUP")
    ],
) -> None:
    """Print an access token of a demonstration user, after a real sign-in with TOTP.

    A token is used again until shortly before it expires; a TOTP code never is. `machine` is the client for
    connectors, which signs in with client credentials.

    Exit code 0: printed. 2: there is no such user. 3: the system does not run.
    """
    from infra.local import deploy, people  # noqa: PLC0415

    home, status = _running(ready=True)
    account = deploy.Account(str(status["endpoint"]))
    everybody = people.of(home.people, account, status["outputs"], lambda text: typer.echo(text, err=True))
    try:
        typer.echo(everybody.token(name))
    except people.UnknownPerson as unknown:
        typer.echo(str(unknown), err=True)
        raise typer.Exit(CANNOT) from unknown


@app.command()
def drain(
    timeout: Annotated[float, typer.Option(help="How many seconds to wait at most.", min=0)] = DRAIN_SECONDS,
) -> None:
    """Return when every stream, queue and job has been worked off.

    Exit code 0: nothing is open. 1: something still is after the timeout. 3: the system does not run.
    """
    _, status = _running(ready=True)
    told = _asked(status, "drain", patience=timeout, timeout=timeout)
    if told["done"]:
        typer.echo(f"nothing is open ({told['seconds']:.1f} s)")
        return
    typer.echo(f"after {timeout:.0f} s there is still open:", err=True)
    for what, count in (told["backlog"] or {"a function that is still at work": 1}).items():
        typer.echo(f"  {what}: {count}", err=True)
    raise typer.Exit(FAILED)


@app.command()
def stop() -> None:
    """Stop the running system as Ctrl-C does, and wait until it has saved its data.

    Exit code 0: stopped. 1: it did not stop in three minutes. 3: it was not running.
    """
    home, status = _running()
    _stop(home, status)
    typer.echo("stopped; `make run` comes back with the data")


@app.command()
def reset(
    yes: Annotated[bool, typer.Option("--yes", help="Stop it first, if it runs.")] = False,  # noqa: FBT002
) -> None:
    """Delete everything the local system stored.

    Exit code 0: deleted. 1: it runs, and --yes was not given, or it did not stop.
    """
    from infra.local import aftermath  # noqa: PLC0415

    home = Home.here()
    if home.is_locked():
        if not yes:
            typer.echo(
                "The system runs: stop it first, or say --yes to stop it and delete its data.", err=True
            )
            raise typer.Exit(FAILED)
        _stop(home, home.read_status() or {})
    try:
        # The engine of a run that was killed would save its data again after they were deleted.
        aftermath.wait(home, threading.Event())
    except aftermath.EngineStays as stays:
        typer.echo(str(stays), err=True)
        raise typer.Exit(FAILED) from stays
    home.forget()
    typer.echo(f"deleted the state in {home.root}")


@app.command()
def status() -> None:
    """Say what runs, on which ports, and what the streams have in hand.

    Exit code 0: it runs. 3: it does not.
    """
    _, held = _running()
    typer.echo(f"{held['state']:9} since {held['started_at']}, process {held['pid']}")
    if held["state"] != "ready":
        return
    typer.echo(f"api       {held['api']}")
    typer.echo(f"engine    {held['endpoint']}  (AWS_ENDPOINT_URL; process {held['engine_pid']})")
    typer.echo(f"mailbox   {held['mailbox']} (purchasing)")
    typer.echo(f"mailbox   {held['sales_mailbox']} (sales)")
    typer.echo(f"mailbox   {held['finance_mailbox']} (finance)")
    for stream, glance in _asked(held, "backlog").items():
        typer.echo(f"stream    {stream}: {_hand(glance)}")


def _hand(glance: Mapping[str, Any]) -> str:
    if glance["records"]:
        return f"{glance['records']} records in hand"
    return "idle" if glance["at_tip"] else "reading"


def _running(*, ready: bool = False) -> tuple[Home, dict[str, Any]]:
    """Return the home and what the running system says about itself, or leave with 3."""
    home = Home.here()
    status = home.read_status()
    if status is None:
        typer.echo("The local system does not run: start it with `make run`.", err=True)
        raise typer.Exit(NOT_RUNNING)
    if ready and status["state"] != "ready":
        typer.echo(f"The local system is {status['state']}: try again in a moment.", err=True)
        raise typer.Exit(NOT_RUNNING)
    return home, status


def _asked(
    status: Mapping[str, Any], command: str, patience: float = 0.0, **arguments: float
) -> dict[str, Any]:
    control = status["control"]
    try:
        return ask(control["port"], control["token"], command, patience, **arguments)
    except OSError as gone:
        typer.echo(f"The local system does not answer ({gone}): it is being stopped, or hangs.", err=True)
        raise typer.Exit(NOT_RUNNING) from gone


def _stop(home: Home, status: Mapping[str, Any]) -> None:
    pid = status.get("pid")
    if pid:
        os.kill(int(pid), signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while home.is_locked():
        if time.monotonic() > deadline:
            typer.echo(f"process {pid} did not stop in {STOP_SECONDS} s", err=True)
            sys.exit(FAILED)
        time.sleep(0.2)
