"""Puts together what the rendering layer holds beside its libraries, as it is mounted in Lambda."""

import shutil
from pathlib import Path

from infra.fonts import fonts

TEMPLATES = Path(__file__).resolve().parents[3] / "layers" / "rendering" / "templates"


def layer(folder: Path) -> Path:
    """Lay out template and fonts beside a Python folder and return the folder they are in."""
    (folder / "python").mkdir()
    shutil.copytree(TEMPLATES, folder / "templates")
    fonts(folder / "fonts")
    return folder
