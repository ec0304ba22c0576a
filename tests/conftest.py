"""Fixtures that every test may use: the whole system on moto, from the template that is deployed."""

import os
from collections.abc import Iterator

import pytest

from tests.world import World

os.environ.update(
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",
    AWS_DEFAULT_REGION="ap-southeast-1",
    AWS_ACCOUNT_ID_ENDPOINT_MODE="disabled",
    AWS_EC2_METADATA_DISABLED="true",
)


@pytest.fixture
def world() -> Iterator[World]:
    with World.opened() as opened:
        yield opened
