"""Lets a save of the engine that is cut off be undone: services saved half fit no template any more."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path


def before(folder: Path) -> Path:
    """Return where the files of a folder are kept while they are replaced."""
    return folder.with_name(f"{folder.name}.before")


def save_whole(folder: Path, save: Callable[[], None]) -> None:
    """Replace files of a folder by `save`; until it has ended, `undo_torn` brings back what was there."""
    draft = folder.with_name(f"{folder.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    shutil.copytree(folder, draft, copy_function=_link)
    draft.rename(before(folder))
    save()
    shutil.rmtree(before(folder))


def undo_torn(folder: Path) -> None:
    """Bring back what a folder held before a save that did not end; without such a save do nothing."""
    if before(folder).exists():
        shutil.rmtree(folder, ignore_errors=True)
        before(folder).rename(folder)


def _link(source: str, target: str) -> None:
    """Keep a file by a second name: the engine replaces files and never writes into one. Else copy it."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
