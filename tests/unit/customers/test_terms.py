"""The terms that customers are found by, and what a query asks for."""

from typing import Any

import pytest
from soms.customers.model import Customer
from soms.customers.terms import LONGEST, MOST, asked, partition, terms_of


def terms(name: str, **more: Any) -> tuple[str, ...]:
    return terms_of(Customer(id="cus_1", name=name, currency="CNY", **more))


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Example Trading Co.", ("example", "trading", "co")),
        ("Coca-Cola", ("cocacola", "cola")),
        ("示例贸易", ("示例贸易", "例贸易", "贸易")),
        ("Acme示例", ("acme示例", "示例")),
        ("ＡＣＭＥ　Straße", ("acme", "strasse")),
        ("A 李", ("李",)),
        ("007 Group", ("007", "group")),
        ("—", ()),
    ],
)
def test_a_name_gives_the_beginnings_that_people_look_for(name: str, found: tuple[str, ...]) -> None:
    assert terms(name) == found


def test_a_telephone_number_is_found_with_and_without_its_country_code() -> None:
    assert terms("—", phone="+8613800138000") == ("8613800138000", "13800138000")
    assert terms("—", phone="+12025550123") == ("12025550123", "2025550123")
    assert terms("—", phone="+85221234567") == ("85221234567", "21234567")
    assert terms("—", phone="075512345678") == ("75512345678",)


def test_an_address_is_found_by_its_beginning_and_by_its_domain() -> None:
    assert terms("—", email="Sam.Lee@Acme.com") == ("samleeacmecom", "acmecom")


def test_references_and_contacts_are_found_too() -> None:
    found = terms(
        "—",
        external_ref={"source": "crm", "id": "C-1"},
        references=({"source": "erp", "id": "00815"},),
        contacts=({"name": "王芳", "phone": "12345"},),
    )

    assert found == ("c1", "815", "王芳", "12345")


def test_a_customer_has_no_more_terms_than_a_transaction_bears() -> None:
    found = terms("".join(chr(0x4E00 + number) for number in range(200)), phone="+8613800138000")

    assert len(found) == MOST
    assert max(map(len, found)) == LONGEST


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("trading EXAMPLE", ("example", "trading")),
        ("Sam.Lee@Ac", ("samleeac",)),
        ("+86 138-0013", ("861380013",)),
        ("0086 138", ("86138",)),
        ("0755 1234", ("7551234",)),
        ("C-1", ("c1",)),
        ("易", ("易",)),
        ("a", ()),
        ("  - ", ()),
    ],
)
def test_a_query_asks_for_the_same_form(query: str, wanted: tuple[str, ...]) -> None:
    assert asked(query) == wanted


def test_chinese_terms_lie_by_their_first_character_and_others_by_two() -> None:
    assert [partition(term) for term in ("示例", "acme", "86138", "한국")] == ["示", "ac", "86", "한"]


def test_every_query_that_begins_a_term_looks_where_the_term_lies() -> None:
    for term in terms("Example示例 Coca-Cola", phone="+8613800138000"):
        for length in range(1, len(term) + 1):
            for wanted in asked(term[:length]):
                assert term.startswith(wanted)
                assert partition(wanted) == partition(term)
