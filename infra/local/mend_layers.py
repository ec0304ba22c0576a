"""Unpacks each layer once: the engine would do it for every worker, a second and 28 MB each time."""

import hashlib
import os
import tempfile
import threading
import zipfile
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

SHARED = "layers"


def share_layers() -> None:
    """Let all workers of an engine read the same unpacked layers, below its temporary folder."""
    unpacking = threading.Lock()

    class Shared(zipfile.ZipFile):
        """A zip file that, as a layer, is unpacked where the next worker finds it."""

        def extractall(
            self,
            path: str | os.PathLike[str] | None = None,
            members: Iterable[str | zipfile.ZipInfo] | None = None,
            pwd: bytes | None = None,
        ) -> None:
            place = Path(path or ".")
            if not place.name.startswith("layer_"):
                super().extractall(path, members, pwd)
                return
            with unpacking:
                kept = self._kept()
            place.rmdir()
            place.symlink_to(kept)

        def _kept(self) -> Path:
            digest = hashlib.sha256(Path(str(self.filename)).read_bytes()).hexdigest()
            shared = Path(tempfile.gettempdir()) / SHARED
            kept = shared / digest
            if not kept.exists():
                shared.mkdir(exist_ok=True)
                fresh = Path(tempfile.mkdtemp(dir=shared))
                super().extractall(fresh)
                fresh.rename(kept)
            return kept

    runtime = import_module("ministack.core.lambda_runtime")
    vars(runtime)["zipfile"] = SimpleNamespace(**vars(zipfile) | {"ZipFile": Shared})
