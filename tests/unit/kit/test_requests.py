"""What a request says in its headers and its path, however it is written."""

from typing import Any

import pytest
from soms.kit import requests
from soms.kit.problems import KeyInvalid, NotFound


def sent(*lines: tuple[str, str], path: str = "/v1/orders") -> dict[str, Any]:
    """Return an event with these header lines, as the gateway hands it over."""
    several: dict[str, list[str]] = {}
    for name, value in lines:
        several.setdefault(name, []).append(value)
    return {"path": path, "headers": dict(lines), "multiValueHeaders": several or None}


def test_a_header_is_found_by_any_case_and_in_several_lines() -> None:
    several = sent(("IF-NONE-match", '"1.0"'), ("IF-NONE-match", ' "2.0"'))
    single = {"headers": {"If-None-Match": '"1.0"', "X": None}}

    assert requests.header(several, "if-none-match") == '"1.0",  "2.0"'
    assert requests.header(single, "if-none-match") == '"1.0"'
    assert requests.header(single, "x") is None
    assert requests.header({"headers": None}, "x") is None


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [
        ("", "en"),
        ("*", "en"),
        ("fr", "en"),
        ("zh", "zh"),
        ("ZH-hans-cn", "zh"),
        ("zh;q=0.5, en;q=0.4", "zh"),
        ("zh; q=0.5 , en; Q=0.9", "en"),
        ("zh ; q=0.9,en ;q=0.1", "zh"),
        ("en;q=0.1, en-GB;q=0.9, zh;q=0.5", "en"),
        ("zh;q=0", "en"),
        ("en;q=0, *", "zh"),
        ("zh;q=0, *", "en"),
        ("zh;q=nan", "en"),
        ("zh;q=-1", "en"),
        ("zh;q=9, en;q=0.1", "en"),
        ("zhuang", "en"),
    ],
)
def test_the_language_is_the_one_preferred(asked: str, spoken: str) -> None:
    assert requests.language(sent(("Accept-Language", asked))) == spoken


@pytest.mark.parametrize(
    ("match", "version"),
    [
        (None, None),
        ("*", None),
        ('"3.1"', 3),
        ('"3"', 3),
        ('W/"3.1"', 3),
        ('"3.1", "5.0"', 5),
        ('"5.0",W/"3.1" , "other"', 5),
        ('"other"', -1),
        ("3", -1),
        ('w/"3.1"', -1),
        ('"3.1" "5.0"', -1),
        ('"٣.0"', -1),
        ('"' + "9" * 5000 + '.0"', -1),
    ],
)
def test_if_match_names_a_version_and_of_a_list_the_newest(match: str | None, version: int | None) -> None:
    assert requests.version(match) == version


@pytest.mark.parametrize(
    ("known", "same"),
    [
        ('"2.1"', True),
        ('W/"2.1"', True),
        ('"1.0", "2.1"', True),
        ('"1.0",W/"2.1"', True),
        ("*", True),
        ('"2.0"', False),
        ("2.1", False),
        ('"1.0, 2.1"', False),
        ('"1.0", *', False),
        ("", False),
    ],
)
def test_if_none_match_compares_whole_tags_weakly(known: str, *, same: bool) -> None:
    assert requests.knows(sent(("If-None-Match", known)), '"2.1"') is same


def test_a_key_in_two_lines_is_none() -> None:
    assert requests.key(sent(("Idempotency-Key", ' "k-1"\t'))) == "k-1"
    assert requests.key(sent()) is None
    with pytest.raises(KeyInvalid):
        requests.key(sent(("Idempotency-Key", "k-1"), ("Idempotency-Key", "k-2")))


@pytest.mark.parametrize("spelling", ["/v1/stock/A%201", "/v1/stock/A 1/", "/v1/stock/%41%201//"])
def test_all_spellings_of_a_path_are_one(spelling: str) -> None:
    assert requests.path(sent(path=spelling)) == "/v1/stock/A%201"
    assert requests.path(sent(path="/v1/a%2fb")) != requests.path(sent(path="/v1/a/b"))


def test_a_name_longer_than_any_key_is_not_there() -> None:
    assert requests.name("%E4%B8%AD") == "中"
    assert requests.name("x" * 512) == "x" * 512
    with pytest.raises(NotFound):
        requests.name("%E4%B8%AD" * 171)
