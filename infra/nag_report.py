"""Prints what cdk-nag found at the last synthesis, and the reason for each exception."""

import json
from argparse import ArgumentParser
from pathlib import Path

REPORT = "validation-report.json"
ACKNOWLEDGED = "aws:cdk:acknowledged-rules"


def findings(assembly: Path) -> list[str]:
    """Return what was found and nobody explained, one line each."""
    file = assembly / REPORT
    report = json.loads(file.read_text()) if file.exists() else {"pluginReports": []}
    return [
        f"{violation['severity']:8} {violation['ruleName']}  {construct['constructPath']}"
        f"  {violation['description']}"
        for plugin in report["pluginReports"]
        for violation in plugin["violations"]
        for construct in violation["violatingConstructs"]
    ]


def packs(assembly: Path) -> list[str]:
    """Return the rule packs that looked at the assembly; none means that nothing was checked."""
    report = json.loads((assembly / REPORT).read_text())
    return [plugin["pluginName"] for plugin in report["pluginReports"]]


def reasons(assembly: Path) -> list[tuple[str, str, str]]:
    """Return what was explained: the rule, the construct, and why."""
    return [
        (rule, path, why)
        for file in sorted(assembly.glob("*.metadata.json"))
        for path, entries in json.loads(file.read_text()).items()
        for entry in entries
        if entry["type"] == ACKNOWLEDGED
        for rule, why in entry["data"].items()
    ]


def main() -> None:
    """Print each exception with its reason, then what is left; exit 1 on findings, 2 when nothing checked."""
    parser = ArgumentParser(prog="python -m infra.nag_report", description=main.__doc__)
    parser.add_argument("assembly", type=Path, help="the folder with what was synthesised")
    assembly = parser.parse_args().assembly
    if not packs(assembly):
        print("not run: this assembly was synthesised without cdk-nag")
        raise SystemExit(2)
    for rule, path, why in reasons(assembly):
        print(f"{rule}  {path}\n    {why}")
    left = findings(assembly)
    print(*left, f"{len(left)} findings without a reason", sep="\n")
    raise SystemExit(1 if left else 0)


if __name__ == "__main__":
    main()
