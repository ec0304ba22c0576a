"""Reads what the CDK synthesised: stacks in their order, and the files they need."""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEPLOYED = ("-data", "-app")
"""Guard is not deployed locally: the engine refuses parts of it, and nothing in it serves requests."""
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Asset:
    """A file or folder that a template refers to by its place in the assets bucket."""

    source: Path
    is_folder: bool
    bucket: str
    key: str

    def body(self) -> bytes:
        """Return the bytes to upload: the file, or the folder zipped."""
        if not self.is_folder:
            return self.source.read_bytes()
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for file in sorted(path for path in self.source.rglob("*") if path.is_file()):
                entry = zipfile.ZipInfo(str(file.relative_to(self.source)), ZIP_EPOCH)
                entry.external_attr = (file.stat().st_mode & 0xFFFF) << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, file.read_bytes())
        return packed.getvalue()


@dataclass(frozen=True)
class Stack:
    """One synthesised stack."""

    name: str
    template_file: Path
    assets: tuple[Asset, ...]

    def template(self) -> dict[str, Any]:
        """Return the parsed template."""
        template: dict[str, Any] = json.loads(self.template_file.read_text())
        return template

    def template_asset(self) -> Asset:
        """Return the asset that is the template itself."""
        return next(asset for asset in self.assets if asset.source == self.template_file)


def stacks(folder: Path, account: str, region: str) -> list[Stack]:
    """Return the stacks to deploy, each after those it depends on."""
    artifacts = json.loads((folder / "manifest.json").read_text())["artifacts"]
    found = {
        name: Stack(
            artifact["properties"].get("stackName", name),
            folder / artifact["properties"]["templateFile"],
            tuple(_assets(folder, name, account, region)),
        )
        for name, artifact in artifacts.items()
        if artifact["type"] == "aws:cloudformation:stack" and name.endswith(DEPLOYED)
    }
    return [
        found[name] for name in _ordered({name: artifacts[name].get("dependencies", []) for name in found})
    ]


def _ordered(needs: Mapping[str, list[str]]) -> list[str]:
    done: list[str] = []

    def visit(name: str) -> None:
        if name in done or name not in needs:
            return
        for other in needs[name]:
            visit(other)
        done.append(name)

    for name in sorted(needs):
        visit(name)
    return done


def _assets(folder: Path, stack: str, account: str, region: str) -> Iterator[Asset]:
    def placed(text: str) -> str:
        return text.replace("${AWS::AccountId}", account).replace("${AWS::Region}", region)

    for entry in json.loads((folder / f"{stack}.assets.json").read_text())["files"].values():
        source = entry["source"]
        for destination in entry["destinations"].values():
            yield Asset(
                (folder / source["path"]),
                source["packaging"] == "zip",
                placed(destination["bucketName"]),
                placed(destination["objectKey"]),
            )
