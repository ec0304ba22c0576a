"""Each stage synthesised once, from the cache when nothing has changed."""

import pytest

from infra import synth
from tests.infra.templates import Synthesised


def _stage(name: str) -> Synthesised:
    folder, _ = synth.synthesise(name)
    return Synthesised(name, folder)


@pytest.fixture(scope="session")
def dev() -> Synthesised:
    return _stage("dev")


@pytest.fixture(scope="session")
def prod() -> Synthesised:
    return _stage("prod")


@pytest.fixture(scope="session")
def local() -> Synthesised:
    return _stage("local")
