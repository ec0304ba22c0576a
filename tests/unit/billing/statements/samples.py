"""Where statement files lie: an excerpt in the project, and the whole data where a machine has it."""

import os
from pathlib import Path
from zoneinfo import ZoneInfo

PROJECT = Path(__file__).resolve().parents[4]
EXCERPT = PROJECT / "tests" / "data" / "statements"
BESIDE = PROJECT.parent / "shared" / "data"
WHOLE = Path(os.environ.get("SOMS_DATA") or BESIDE)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def files(root: Path) -> list[Path]:
    """Return the bank's and providers' files under a root, none if it is not there."""
    return sorted(
        path
        for folder in ("bank", "settlement")
        for path in (root / folder).rglob("*")
        if path.is_file() and path.suffix != ".json" and path.name != "LICENSE"
    )
