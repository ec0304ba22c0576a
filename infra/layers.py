"""Builds the layers of third-party code, without Docker: locked, reproducible, kept by a hash of inputs."""

import compileall
import hashlib
import os
import platform
import py_compile
import shutil
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path

from infra import fonts, stages
from infra.stages import Stage

PROJECT = Path(__file__).resolve().parents[1]
LAYERS = PROJECT / "layers"
TEMPLATES = LAYERS / "rendering" / "templates"
BUILD = PROJECT / ".build" / "layers"
JUNK_FOLDERS = frozenset({"tests", "test", "__pycache__", "bin"})
JUNK_FILES = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "WHEEL"})
JUNK_ENDINGS = frozenset({".pyi", ".pyc", ".c", ".h", ".pxd", ".pyx"})


class LayerNotBuilt(RuntimeError):
    """A layer's inputs are missing, or pip refused them."""


def dependencies(stage: Stage) -> Path:
    """Return the folder with the libraries that every function imports."""
    return _built("dependencies", stage, [LAYERS / "dependencies" / "requirements.txt"], lambda _: None)


def rendering(stage: Stage) -> Path:
    """Return the folder with typst, segno and the fonts, for the rendering function only."""
    inputs = [LAYERS / "rendering" / "requirements.txt", PROJECT / "infra" / "fonts.py"]
    inputs += sorted((LAYERS / "rendering").glob("package*.json"))
    inputs += sorted(path for path in TEMPLATES.rglob("*") if path.is_file())
    return _built("rendering", stage, inputs, build_rendering)


def build_rendering(target: Path) -> None:
    """Put template and fonts beside the libraries, where the rendering function looks for them."""
    shutil.copytree(TEMPLATES, target / "templates")
    fonts.fonts(target / "fonts")


def _built(name: str, stage: Stage, inputs: list[Path], more: Callable[[Path], None]) -> Path:
    missing = [path for path in inputs if not path.exists()]
    if missing:
        message = f"layer {name}: {missing[0].relative_to(PROJECT)} is missing"
        raise LayerNotBuilt(message)
    # No dot in the name: the CDK would take what follows for a file's ending.
    python = stage.python.replace(".", "")
    target = BUILD / f"{name}-{_machine(stage)}-py{python}-{_digest(stage, inputs)}"
    if target.exists():
        return target
    BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD, prefix=f".{name}-") as scratch:
        folder = Path(scratch) / "layer"
        _install(inputs[0], folder / "python", stage)
        _strip(folder / "python")
        _compile(folder / "python", stage)
        more(folder)
        # Renamed in one step, so what is there is whole: whoever built it first, others may be reading it.
        if not target.exists():
            folder.rename(target)
    return target


def _digest(stage: Stage, inputs: list[Path]) -> str:
    digest = hashlib.sha256(Path(__file__).read_bytes())
    # The full version: bytecode of one Python is not that of another.
    digest.update(f"{_machine(stage)} {stage.python} {platform.python_version()}".encode())
    for path in inputs:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _machine(stage: Stage) -> str:
    return f"host-{platform.system().lower()}-{platform.machine()}" if stage.local else "lambda-arm64"


def _install(lock: Path, target: Path, stage: Stage) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--no-compile", "--require-hashes", "--only-binary=:all:"]
    command += ["--target", str(target), "--requirement", str(lock)]
    if not stage.local:
        command += ["--python-version", stage.python, "--implementation", "cp"]
        command += ["--platform", "manylinux_2_28_aarch64", "--platform", "manylinux2014_aarch64"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        message = f"pip could not install {lock.relative_to(PROJECT)}:\n{done.stderr.strip()}"
        raise LayerNotBuilt(message)


def _strip(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir():
            if path.name in JUNK_FOLDERS:
                shutil.rmtree(path)
        elif path.name in JUNK_FILES or path.suffix in JUNK_ENDINGS:
            path.unlink()


def _compile(folder: Path, stage: Stage) -> None:
    # Only the Python that will run it can write its bytecode; without, a cold start takes longer.
    if stage.python != f"{sys.version_info.major}.{sys.version_info.minor}":
        return
    compileall.compile_dir(
        folder,
        quiet=2,
        stripdir=str(folder),
        prependdir="/opt/python",
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )


def size(folder: Path) -> int:
    """Return the bytes that a folder's files hold, unzipped."""
    return sum(
        os.stat(os.path.join(where, name)).st_size  # noqa: PTH116, PTH118 thousands of files, counted quickly
        for where, _, names in os.walk(folder)
        for name in names
    )


def main() -> None:
    """Build the layers of a stage and say where they lie."""
    parser = ArgumentParser(prog="python -m infra.layers", description=main.__doc__)
    parser.add_argument("--stage", default="local", choices=("local", "dev", "prod"))
    stage = stages.named(parser.parse_args().stage)
    for build in (dependencies, rendering):
        folder = build(stage)
        print(f"{build.__name__:13} {size(folder) / 1e6:6.1f} MB  {folder.relative_to(PROJECT)}")


if __name__ == "__main__":
    main()
