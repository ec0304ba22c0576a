"""The settings that orders need: approval rules, credit holds, how long quotes hold."""

import pytest

from tests.functions.test_refusals import refused
from tests.world import World

RULE = {"id": "large", "total_above": "10000.00"}


def test_a_fresh_system_asks_for_no_approval(world: World) -> None:
    settings = world.call("GET", "/v1/settings").body

    assert settings["approval_rules"] == []
    assert (settings["credit_hold_after_days"], settings["quote_valid_days"]) == (None, 30)


def test_approval_rules_are_kept_as_they_were_said(world: World) -> None:
    rules = [
        RULE | {"name": "Large orders", "currency": "JPY", "total_above": "10000"},
        {"id": "cheap", "discount_above": "12.5", "below_list": True, "margin_below": "0"},
        {"id": "new", "new_customer": True, "credit_exceeded": True, "approvers": ["finance_manager"]},
    ]
    body = {"approval_rules": rules, "credit_hold_after_days": 0, "quote_valid_days": 365}

    put = world.call("PUT", "/v1/settings", body)
    read = world.call("GET", "/v1/settings", as_="auditor")

    assert put.status == 200, put.text
    assert read.body == put.body
    assert [{**said, **held} for said, held in zip(rules, read.body["approval_rules"], strict=True)] == (
        read.body["approval_rules"]
    )
    assert [rule["approvers"] for rule in read.body["approval_rules"]] == [
        ["sales_manager", "admin"],
        ["sales_manager", "admin"],
        ["finance_manager"],
    ]
    assert (read.body["credit_hold_after_days"], read.body["quote_valid_days"]) == (0, 365)


@pytest.mark.parametrize(
    ("rule", "place", "code"),
    [
        ({}, "", "no_condition"),
        ({"below_list": False, "currency": "CNY"}, "", "no_condition"),
        ({"total_above": "-0.01"}, "/total_above", "too_small"),
        ({"total_above": "0.001"}, "/total_above", "too_many_digits"),
        ({"total_above": "0.1", "currency": "JPY"}, "/total_above", "too_many_digits"),
        ({"total_above": "1", "currency": "XXX"}, "/currency", "unknown_currency"),
        ({"discount_above": "100.1"}, "/discount_above", "too_large"),
        ({"margin_below": "-1"}, "/margin_below", "too_small"),
        ({"new_customer": True, "approvers": []}, "/approvers", "too_few"),
        ({"new_customer": True, "approvers": ["admin", "sales"]}, "/approvers/1", "not_one_of"),
        ({"new_customer": True, "id": "a b"}, "/id", "wrong_format"),
        ({"new_customer": True, "weekday": 1}, "/weekday", "unknown_field"),
        ({"new_customer": True, "id": "large"}, "/id", "duplicate"),
    ],
)
def test_an_approval_rule_that_is_wrong_is_refused_at_its_place(
    world: World, rule: dict[str, object], place: str, code: str
) -> None:
    answer = world.call("PUT", "/v1/settings", {"approval_rules": [RULE, {"id": "second"} | rule]})

    assert refused(answer, 422, code) == [(f"/approval_rules/1{place}", code)]
    assert world.call("GET", "/v1/settings").body["approval_rules"] == []


@pytest.mark.parametrize(
    ("change", "place", "code"),
    [
        ({"credit_hold_after_days": -1}, "/credit_hold_after_days", "too_small"),
        ({"credit_hold_after_days": 366}, "/credit_hold_after_days", "too_large"),
        ({"credit_hold_after_days": "7"}, "/credit_hold_after_days", "wrong_type"),
        ({"quote_valid_days": 0}, "/quote_valid_days", "too_small"),
        ({"quote_valid_days": 366}, "/quote_valid_days", "too_large"),
        ({"quote_valid_days": None}, "/quote_valid_days", "wrong_type"),
        (
            {"approval_rules": [{"id": f"r{n}", "new_customer": True} for n in range(51)]},
            "/approval_rules",
            "too_many",
        ),
    ],
)
def test_a_setting_out_of_range_is_refused(
    world: World, change: dict[str, object], place: str, code: str
) -> None:
    answer = world.call("PUT", "/v1/settings", change)

    assert refused(answer, 422, code) == [(place, code)]


def test_the_company_s_currency_decides_on_the_digits_of_a_total(world: World) -> None:
    yen = world.call("PUT", "/v1/settings", {"currency": "JPY", "approval_rules": [RULE]})
    unknown = world.call("PUT", "/v1/settings", {"currency": "XXX", "approval_rules": [RULE]})

    assert refused(yen, 422, "too_many_digits") == [("/approval_rules/0/total_above", "too_many_digits")]
    assert refused(unknown, 422, "unknown_currency") == [("/currency", "unknown_currency")]
