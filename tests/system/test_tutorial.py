"""What the pages tell people to type works, and prints what they say it prints."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.system.conftest import PROJECT, System

pytestmark = pytest.mark.system
JOURNEYS = (
    ("README.md",),
    (
        "docs/tutorial/first-order.md",
        "docs/how-to/returns-and-exchanges.md",
        "docs/how-to/credit-notes.md",
        "docs/how-to/set-up-approvals.md",
        "docs/how-to/reorder-rules.md",
        "docs/how-to/stock-taking.md",
        "docs/how-to/several-warehouses.md",
        "docs/how-to/tax-invoices.md",
    ),
)
PRELUDE = r"""
set -euo pipefail
curl() { command curl -w '%{stderr}HTTP %{http_code}\n' "$@"; }
expect() { read -r said; test "$said" = "$1" || { echo "printed $said instead of $1" >&2; exit 1; }; }
"""


def blocks(page: str) -> list[str]:
    """Return what a page tells people to type once the system runs."""
    text = (PROJECT / page).read_text(encoding="utf-8").split("\n## Where things are")[0]
    found = re.findall(r"^ *```sh\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
    return [one for one in found if "make run" not in one]


def script(pages: tuple[str, ...]) -> str:
    """Return the blocks as one script that holds each `field …   # value` to its word."""
    typed = "\n".join(block for page in pages for block in blocks(page))
    return PRELUDE + re.sub(r"(\| field '[^']*')   # (.+)$", r"\1 | expect '\2'", typed, flags=re.MULTILINE)


@pytest.mark.parametrize("pages", JOURNEYS, ids=lambda pages: pages[0])
def test_every_command_of_a_page_works(system: System, pages: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / ".venv").symlink_to(PROJECT / ".venv")
    settings = {name: value for name, value in system.call("GET", "/v1/settings")[1].items() if name != "version"}

    done = subprocess.run(
        ["bash", "-c", script(pages)],
        cwd=tmp_path,
        env=system.environment | {"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )

    del system.local.line  # the door has closed it meanwhile
    restored, _ = system.call("PUT", "/v1/settings", settings)
    codes = re.findall(r"^HTTP (\d+)$", done.stderr, re.MULTILINE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(codes) > 10
    assert restored == 200
    assert {code for code in codes if code not in {"200", "201", "202"}} == set(), done.stdout + done.stderr
    assert [file.read_bytes()[:5] for file in tmp_path.glob("*.pdf")] == [b"%PDF-"]
