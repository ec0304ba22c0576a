"""What two bodies have in common, and one too deep to be written again."""

from decimal import Decimal

import pytest
from soms.kit import bodies
from soms.kit.problems import Malformed


def test_one_text_stands_for_all_that_say_the_same() -> None:
    written = bodies.canonical({"b": Decimal("10.0"), "a": [Decimal("1.50"), Decimal("-0.0"), Decimal("1E2")]})

    assert written == '{"a":["1.5",0,100],"b":10}'


def test_a_body_too_deep_to_be_written_again_is_malformed() -> None:
    body: object = 1
    for _ in range(50_000):
        body = [body]

    with pytest.raises(Malformed):
        bodies.canonical(body)
