"""What stands in the way is one sentence, and how to mend it."""

from pathlib import Path

import pytest

from infra.local import checks
from infra.local.engine import free_port

GIGABYTE = 1024**3


def test_a_machine_that_will_do_is_let_through(tmp_path: Path) -> None:
    checks.check(free_port(), tmp_path / "not" / "there" / "yet")


@pytest.mark.parametrize("found", [(3, 10), (2, 7)])
def test_an_old_python_is_refused(found: tuple[int, int]) -> None:
    with pytest.raises(checks.CannotStart, match=r"too old.*make run PYTHON="):
        checks.check_python(found)


def test_too_little_memory_is_refused() -> None:
    with pytest.raises(checks.CannotStart, match=r"Only 1\.5 GB of memory are free, 2 GB are needed"):
        checks.check_memory(int(1.5 * GIGABYTE))


def test_a_system_that_does_not_tell_its_memory_is_let_through() -> None:
    checks.check_memory(None)


def test_a_full_disk_is_refused(tmp_path: Path) -> None:
    with pytest.raises(checks.CannotStart, match="SOMS_HOME="):
        checks.check_disk(GIGABYTE // 2, tmp_path)


def test_a_missing_package_is_refused() -> None:
    with pytest.raises(checks.CannotStart, match=r"no-such-package is missing: `rm -rf .venv && make run`"):
        checks.check_packages(("boto3", "no-such-package"))
