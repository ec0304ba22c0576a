"""Builds the layers and the templates in a process of their own, which can be stopped."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from infra.local.engine import tail
from infra.local.home import PROJECT
from infra.local.system import Interrupted

Synth = Callable[[Path, Callable[[str], None], threading.Event], None]


class SynthesisFailed(RuntimeError):
    """The CDK code does not build."""


def synthesise(folder: Path, say: Callable[[str], None], stop: threading.Event) -> None:
    """Build the layers and the templates unless nothing changed since the last time."""
    command = [sys.executable, "-m", "infra.synth", "--stage", "local", "--out", str(folder)]
    paths = [str(PROJECT / "layers" / "soms" / "python"), str(PROJECT), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    log = folder.parent / f"{folder.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as written:
        build = subprocess.Popen(
            command,
            cwd=PROJECT,
            env=environment,
            stdout=written,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        while build.poll() is None:
            if stop.wait(0.1):
                os.killpg(build.pid, signal.SIGTERM)
                build.wait()
                raise Interrupted
    for line in tail(log, 200):
        say(f"  {line}")
    if build.returncode:
        message = "the template could not be built; what the CDK said stands above"
        raise SynthesisFailed(message)
