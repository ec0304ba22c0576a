"""Synthesis and layers are built once for what goes in, and say clearly what is missing."""

import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from infra import layers, stages, synth
from tests.infra.templates import Synthesised

LAYER_KB = 12_000


def test_what_is_there_is_not_made_again(tmp_path: Path) -> None:
    (tmp_path / synth.STAMP).write_text(synth.digest("dev"))

    folder, seconds = synth.synthesise("dev", tmp_path)

    assert folder == tmp_path.resolve()
    assert seconds is None


def test_another_account_is_another_synthesis(monkeypatch: pytest.MonkeyPatch) -> None:
    before = synth.digest("dev")

    monkeypatch.setenv("CDK_DEFAULT_ACCOUNT", "222222222222")

    assert synth.digest("dev") != before


def test_an_unknown_stage_is_refused_by_name() -> None:
    with pytest.raises(stages.UnknownStage, match="dev, prod or local"):
        stages.named("staging")


def test_cloud_stages_run_on_arm_with_the_python_of_the_lock() -> None:
    dev = stages.named("dev")

    assert (dev.machine, dev.python) == ("arm64", "3.13")


def test_the_libraries_are_locked_by_hash_and_name_no_index() -> None:
    lock = (layers.LAYERS / "dependencies" / "requirements.txt").read_text()

    pinned = [line for line in lock.splitlines() if "==" in line]
    assert pinned
    assert lock.count("--hash=sha256:") >= len(pinned)
    assert "index-url" not in lock
    assert "find-links" not in lock


def test_the_dependency_layer_is_small_and_for_the_right_processor(dev: Synthesised) -> None:
    folder = layers.dependencies(stages.named(dev.stage))

    compiled = {path.name.split(".", 1)[1] for path in folder.rglob("*.so")}
    assert compiled == {"cpython-313-aarch64-linux-gnu.so"}
    assert _zipped_kb(folder) <= LAYER_KB


def test_bytecode_is_shipped_where_the_python_that_runs_it_is_here(local: Synthesised) -> None:
    folder = layers.dependencies(stages.named(local.stage))

    assert list(folder.glob("python/pydantic/__pycache__/*.pyc"))
    assert not list(folder.rglob("RECORD"))
    assert not list(folder.rglob("tests"))


def test_fonts_and_typst_are_in_no_layer_but_the_one_for_rendering(dev: Synthesised) -> None:
    folder = layers.rendering(stages.named(dev.stage))
    users = [name for name, function in dev.functions().items() if len(function["Layers"]) == 3]

    assert users == ["rendering"]
    assert list(folder.glob("python/typst/*.so"))
    assert list(folder.glob("fonts/*.ttf"))
    assert (folder / "templates" / "document.typ").is_file()
    assert layers.size(folder) + layers.size(layers.dependencies(stages.named(dev.stage))) < 250_000_000


def test_a_functions_own_code_is_small(dev: Synthesised) -> None:
    for name in dev.functions():
        assert _zipped_kb(Path("functions") / name) <= 60, name


def _zipped_kb(folder: Path) -> int:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return len(packed.getvalue()) // 1000
