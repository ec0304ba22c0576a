"""What runs on a laptop is what runs in the cloud."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.infra.templates import Synthesised

BUILT_FOR_THE_MACHINE = ("Dependencies", "Rendering")


@pytest.mark.parametrize("stack", ["data", "app", "guard"])
def test_local_and_cloud_templates_differ_in_processor_python_and_built_layers_only(
    local: Synthesised, dev: Synthesised, stack: str
) -> None:
    ours, theirs = _without_names(local, stack), _without_names(dev, stack)

    different = set(_differences(ours, theirs))

    allowed = {path for name, each in theirs["Resources"].items() for path in _allowed(name, each)}
    assert different <= allowed


def test_built_layers_do_differ_so_that_the_comparison_can_fail(local: Synthesised, dev: Synthesised) -> None:
    different = set(_differences(_without_names(local, "app"), _without_names(dev, "app")))

    assert any("Runtime" in path or "Architectures" in path for path in different)
    assert any("Content.S3Key" in path for path in different)


def _allowed(name: str, resource: Any) -> Iterator[str]:
    if resource["Type"] == "AWS::Lambda::Function":
        yield from (f".Resources.{name}.Properties.{each}" for each in ("Runtime", "Architectures.0"))
    if resource["Type"] == "AWS::Lambda::LayerVersion" and any(
        each in name for each in BUILT_FOR_THE_MACHINE
    ):
        yield f".Resources.{name}.Properties.Content.S3Key"


def _without_names(stage: Synthesised, stack: str) -> Any:
    text = json.dumps(stage.template(stack))
    text = text.replace(f"soms-{stage.stage}", "soms-STAGE").replace(f"/soms/{stage.stage}/", "/soms/STAGE/")
    text = text.replace(f"SOMS {stage.stage}", "SOMS STAGE").replace(f'"{stage.stage}"', '"STAGE"')
    text = re.sub(r"000000000000|111111111111", "ACCOUNT", text)
    # A deployment's name is a hash of the API, in which the stage's name is.
    return json.loads(re.sub(r"ApiDeployment[0-9A-F]{8}[0-9a-f]{32}", "ApiDeployment", text))


def _differences(ours: Any, theirs: Any, path: str = "") -> Iterator[str]:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted({*ours, *theirs}):
            yield from _differences(ours.get(key), theirs.get(key), f"{path}.{key}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for place, (our, their) in enumerate(zip(ours, theirs, strict=True)):
            yield from _differences(our, their, f"{path}.{place}")
    elif ours != theirs:
        yield path
