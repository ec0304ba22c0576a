"""Other people's rules for the templates of the cloud stages: cfn-lint and cdk-nag."""

import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from infra import nag_report, synth

CLOUD = ("dev", "prod")
KNOWN_NOISE = "W3005"
"""The CDK writes the dependency of a function on its role twice."""
STAMP = "cfn-lint.passed"


def cfn_lint(assemblies: Sequence[Path]) -> list[str]:
    """Return what cfn-lint finds in the templates, one line each; what passed is not looked at twice."""
    passed = f"{version('cfn-lint')} without {KNOWN_NOISE}"
    fresh = [folder for folder in assemblies if _read(folder / STAMP) != passed]
    if not fresh:
        return []
    templates = [str(file) for folder in fresh for file in sorted(folder.glob("*.template.json"))]
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--format", "parseable"]
    linted = subprocess.run(
        [*command, "--ignore-checks", KNOWN_NOISE, "--", *templates],
        capture_output=True,
        text=True,
        check=False,
    )
    found = (linted.stdout + linted.stderr).splitlines()
    if not linted.returncode:
        for folder in fresh:
            # A new synthesis replaces the whole folder, and this note with it.
            (folder / STAMP).write_text(passed)
        return found
    return found or [f"cfn-lint ended with {linted.returncode} and said nothing"]


def cdk_nag(assembly: Path) -> list[str]:
    """Return what cdk-nag found and nobody explained, one line each; not to have run is a finding, too."""
    if not nag_report.packs(assembly):
        return [f"{assembly.name}: cdk-nag did not run at this synthesis"]
    return [f"{assembly.name}: {finding}" for finding in nag_report.findings(assembly)]


def _read(file: Path) -> str:
    return file.read_text() if file.exists() else ""


def main() -> None:
    """Synthesise the cloud stages, print every finding and how many there are; exit 1 when there is any."""
    folders = []
    for stage in CLOUD:
        try:
            folder, seconds = synth.synthesise(stage)
        except synth.SynthesisFailed as failed:
            raise SystemExit(f"synth {stage} failed:\n{failed}") from failed
        print(f"synth {stage}: {'unchanged' if seconds is None else f'{seconds:.1f} s'}")
        folders.append(folder)
    linted = cfn_lint(folders)
    nagged = [finding for folder in folders for finding in cdk_nag(folder)]
    reasons = sum(len(nag_report.reasons(folder)) for folder in folders)
    print(*linted, f"cfn-lint: {len(linted)} findings", sep="\n")
    print(*nagged, f"cdk-nag: {len(nagged)} findings, {reasons} more have a reason", sep="\n")
    raise SystemExit(1 if linted or nagged else 0)


if __name__ == "__main__":
    main()
