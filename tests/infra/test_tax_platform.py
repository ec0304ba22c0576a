"""Which tax platform issues tax invoices is configuration: none in production, unless said."""

import pytest

from infra import stages
from tests.infra.templates import Synthesised


@pytest.mark.parametrize(
    ("stage", "said", "chosen"),
    [
        ("prod", None, "none"),
        ("dev", None, "simulator"),
        ("prod", "simulator", "simulator"),
        ("dev", "none", "none"),
    ],
)
def test_a_stage_has_the_platform_it_is_told(stage: str, said: object, chosen: str) -> None:
    assert stages.tax_platform(stages.named(stage), said) == chosen


def test_a_platform_that_nobody_wrote_is_refused_by_name() -> None:
    with pytest.raises(stages.UnknownPlatform, match="leqi"):
        stages.tax_platform(stages.named("dev"), "leqi")


def test_the_functions_are_told_and_keep_files_only_below_tax_invoices(
    dev: Synthesised, prod: Synthesised
) -> None:
    for name in ("fapiao", "fapiao_sweep"):
        told = [each.functions()[name]["Environment"]["Variables"]["TAX_PLATFORM"] for each in (dev, prod)]
        puts = [right.resource for right in dev.rights(name) if right.action == "s3:PutObject"]
        kept = [one for one in puts if "aws/lambda/" not in one]

        assert told == ["simulator", "none"]
        assert ["/tax-invoices/*" in one for one in kept] == [True]
