"""What an e-mail address and a telephone number may look like, and how the latter is kept."""

import pytest
from pydantic import ValidationError
from soms.customers.model import Contact


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("+86 138-0013-8000", "+8613800138000"),
        ("0086 (755) 1234.5678", "+8675512345678"),
        ("０７５５ 12345678", "075512345678"),
        ("12345", "12345"),
    ],
)
def test_a_telephone_number_is_kept_as_digits(said: str, kept: str) -> None:
    assert Contact(name="Sam", phone=said).phone == kept


@pytest.mark.parametrize("said", ["1234", "+", "call me", "1234567890123456", "+86+138", "12345 ext 6"])
def test_what_is_no_telephone_number_is_refused(said: str) -> None:
    with pytest.raises(ValidationError):
        Contact(name="Sam", phone=said)


@pytest.mark.parametrize("said", ["sam@acme.com", "s@例子.公司", "sam+x@a.b.co"])
def test_an_address_that_could_be_one_is_kept(said: str) -> None:
    assert Contact(name="Sam", email=said).email == said


@pytest.mark.parametrize("said", ["", "sam", "sam@acme", "@acme.com", "a b@acme.com", "a@b@c.com", "a@.com"])
def test_what_is_no_address_is_refused(said: str) -> None:
    with pytest.raises(ValidationError):
        Contact(name="Sam", email=said)
