"""Other people's rules: cfn-lint and cdk-nag."""

import subprocess
import sys
from pathlib import Path

from infra import nag_report
from tests.infra.templates import Synthesised

# The CDK writes the dependency of a function on its role twice.
KNOWN_NOISE = "W3005"


def test_cfn_lint_finds_nothing(dev: Synthesised, prod: Synthesised, local: Synthesised) -> None:
    templates = [str(path) for stage in (dev, prod, local) for path in stage.folder.glob("*.template.json")]

    linted = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), "--ignore-checks", KNOWN_NOISE, "--", *templates],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (linted.returncode, linted.stdout) == (0, "")


def test_cdk_nag_ran_and_left_nothing_unexplained(dev: Synthesised, prod: Synthesised) -> None:
    for stage in (dev, prod):
        assert nag_report.packs(stage.folder) == ["AwsSolutions"]
        assert nag_report.findings(stage.folder) == []


def test_every_exception_to_a_rule_has_a_reason_worth_reading(dev: Synthesised) -> None:
    reasons = nag_report.reasons(dev.folder)

    assert reasons
    assert all(len(why) > 40 for _, _, why in reasons)
    assert not [rule for rule, _, _ in reasons if "Action::" in rule or "Resource::*" in rule]
