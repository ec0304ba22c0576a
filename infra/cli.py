"""The `soms` command: the local system, and the daily work of whoever runs one."""

from importlib import import_module

import typer

COMMANDS = ("infra.local.cli", "infra.operate", "infra.importing", "infra.demo.command")
"""Modules with a function `register(app)`; each adds its commands."""


def build() -> typer.Typer:
    """Return the command with everything that registers itself."""
    app = typer.Typer(
        name="soms",
        help="SOMS: run it on this machine, prove its books, try again what failed.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_show_locals=False,
        rich_markup_mode="markdown",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for name in COMMANDS:
        import_module(name).register(app)
    return app


def main() -> None:
    """Run the command."""
    build()()


if __name__ == "__main__":
    main()
