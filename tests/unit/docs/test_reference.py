"""The reference pages are those that the code makes today, and they tell everything that it can say."""

import json
import re
from pathlib import Path

import pytest
from soms.kit.access import ROUTES
from soms.orders.lifecycle import TABLE

from infra.reference import errors
from infra.reference.pages import FOLDER, pages

PROJECT = Path(__file__).resolve().parents[3]
BY_HAND = {"statement-files.md", "statement-files.zh.md"}


@pytest.mark.parametrize("name", pages())
def test_a_page_is_what_the_code_says(name: str) -> None:
    held = (FOLDER / name).read_text(encoding="utf-8")

    assert held == pages()[name], "the code has moved on: run `make docs`"


def test_there_is_no_other_page_in_the_folder() -> None:
    assert {one.name for one in FOLDER.iterdir()} == set(pages()) | BY_HAND


def test_both_languages_tell_the_same_codes() -> None:
    for name, text in pages().items():
        other = pages()[name.replace(".zh.md", ".md") if ".zh." in name else name.replace(".md", ".zh.md")]

        assert re.findall(r"^\| `?[^|]+\| `?[a-z_]+", text, re.MULTILINE) != []
        assert text.count("\n| ") == other.count("\n| ")


def test_every_code_that_tests_expect_is_on_the_page() -> None:
    page = pages()["errors.md"]

    expected = {
        code
        for file in (PROJECT / "tests" / "functions").glob("*.py")
        for code in re.findall(r"\b4\d\d, \"([a-z_]+)\"|code == \"([a-z_]+)\"", file.read_text())
    }
    told = {code for pair in expected for code in pair if code}

    assert len(told) > 20
    assert {code for code in told if f"`{code}`" not in page} == set()


def test_every_command_and_every_route_is_on_its_page() -> None:
    states, access = pages()["order-states.md"], pages()["access.zh.md"]

    assert {step.command for step in TABLE if f"`{step.command}`" not in states} == set()
    assert {route for routes in ROUTES.values() for route in routes if f"`{route}`" not in access} == set()


def test_every_refusal_has_words_of_its_own_in_both_languages() -> None:
    told = [(one.title, words) for one, words in errors.refusals()]

    assert len({json.dumps(one) for one in told}) == len(told)
    assert all(re.search(r"[一-鿿]", text) for title, words in told for text in (title[1], words[1]))
