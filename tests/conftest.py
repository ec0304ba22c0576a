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


def pytest_report_header() -> str:
    form = "all of them" if os.environ.get("SOMS_LONG") else "a sample; SOMS_LONG=1 takes all"
    return f"faults and interleavings: {form}, SOMS_SEED={os.environ.get('SOMS_SEED', '1')}"


@pytest.fixture
def world() -> Iterator[World]:
    with World.opened() as opened:
        yield opened
