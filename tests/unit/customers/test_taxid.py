"""Tax ids by country, and that their rules are loaded only where one is said."""

import subprocess
import sys

import pytest
from soms.customers.taxid import is_plausible


@pytest.mark.parametrize(
    ("country", "right", "wrong"),
    [
        ("CN", "91110000600037341L", "91110000600037342L"),
        ("DE", "DE136695976", "DE136695977"),
        ("FR", "FR40303265045", "FR41303265045"),
        ("GR", "EL094259216", "EL094259217"),
        ("GB", "GB980780684", "GB980780685"),
        ("NO", "995525828", "995525829"),
        ("US", "12-3456789", "1-23"),
        ("IN", "27AAPFU0939F1ZV", "27AAPFU0939F1ZW"),
        ("JP", "7000012050002", "7000012050003"),
    ],
)
def test_a_tax_id_is_checked_by_the_rules_of_its_country(country: str, right: str, wrong: str) -> None:
    assert (is_plausible(right, country), is_plausible(wrong, country)) == (True, False)


@pytest.mark.parametrize("country", [None, "AQ", "LA"])
def test_where_no_rule_is_known_every_number_can_be_one(country: str | None) -> None:
    assert is_plausible("X-1", country)


def test_the_rules_are_not_loaded_before_a_tax_id_is_said() -> None:
    code = "import sys, soms.customers.commands; print(sum(one.startswith('stdnum') for one in sys.modules))"

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert told.stdout.strip() == "0"
