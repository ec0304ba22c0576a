"""What people read: both languages show the same commands, and every link leads somewhere."""

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[3]
PAGES = sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md")])
TRANSLATED = [page for page in PAGES if page.with_suffix(".zh.md").exists()]


def name(page: Path) -> str:
    return str(page.relative_to(PROJECT))


def typed(page: Path) -> list[str]:
    """Return the lines that a page tells people to type, without what is remarked on them."""
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    lines = [re.sub(r"(^|\s+)# .*$", "", line) for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.strip()]


@pytest.mark.parametrize("page", TRANSLATED, ids=name)
def test_both_languages_show_the_same_commands(page: Path) -> None:
    assert typed(page) == typed(page.with_suffix(".zh.md"))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))

    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_pages_for_people_are_in_both_languages() -> None:
    translated = {name(page) for page in TRANSLATED}

    assert {"README.md", "docs/tutorial/first-order.md"} <= translated
    assert {name(one) for one in (PROJECT / "docs" / "reference").glob("*.md") if ".zh." not in one.name} <= translated
