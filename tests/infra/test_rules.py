"""Other people's rules: cfn-lint and cdk-nag."""

import json
from pathlib import Path

from infra import nag_report, rules
from tests.infra.templates import Synthesised


def test_cfn_lint_finds_nothing(dev: Synthesised, prod: Synthesised, local: Synthesised) -> None:
    assert rules.cfn_lint([stage.folder for stage in (dev, prod, local)]) == []


def test_what_cfn_lint_finds_is_told_and_what_passed_is_not_looked_at_again(tmp_path: Path) -> None:
    template = tmp_path / "a.template.json"
    queue = {"Type": "AWS::SQS::Queue"}

    template.write_text(json.dumps({"Resources": {"Queue": queue | {"Properties": {"Colour": "red"}}}}))
    [found] = rules.cfn_lint([tmp_path])
    template.write_text(json.dumps({"Resources": {"Queue": queue}}))
    mended = rules.cfn_lint([tmp_path])
    template.unlink()

    assert "E3002" in found
    assert "Colour" in found
    assert mended == rules.cfn_lint([tmp_path]) == []


def test_cdk_nag_ran_and_left_nothing_unexplained(dev: Synthesised, prod: Synthesised) -> None:
    for stage in (dev, prod):
        assert nag_report.packs(stage.folder) == ["AwsSolutions"]
        assert rules.cdk_nag(stage.folder) == []


def test_a_synthesis_without_cdk_nag_is_a_finding(dev: Synthesised, tmp_path: Path) -> None:
    report = json.loads((dev.folder / "validation-report.json").read_text())
    (tmp_path / "validation-report.json").write_text(json.dumps(report | {"pluginReports": []}))

    assert rules.cdk_nag(tmp_path) == [f"{tmp_path.name}: cdk-nag did not run at this synthesis"]


def test_every_exception_to_a_rule_has_a_reason_worth_reading(dev: Synthesised) -> None:
    reasons = nag_report.reasons(dev.folder)

    assert reasons
    assert all(len(why) > 40 for _, _, why in reasons)
    assert not [rule for rule, _, _ in reasons if "Action::" in rule or "Resource::*" in rule]
