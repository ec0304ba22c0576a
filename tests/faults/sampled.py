"""Which stories are struck in the short form: those that matter most always, of the others a part by seed."""

import os
import random
from collections.abc import Sequence
from typing import Any

import pytest

EVERY = bool(os.environ.get("SOMS_LONG"))
SEED = os.environ.get("SOMS_SEED", "1")
ALWAYS = frozenset(
    {"place", "cancel", "ship", "adjust", "pay", "refund", "allocate", "stock", "invoicing", "settlement"}
)
PART = 4
"""One of so many is struck; `make test-long` strikes them all, another SOMS_SEED others."""
NOT_RUN = pytest.mark.skip(reason="not run in the short form: SOMS_LONG=1 runs all, SOMS_SEED another part")


def sampled(plots: Sequence[Any]) -> list[Any]:
    """Return the stories as parameters of a test; those that are left out are told as not run."""
    marks = marked([plot.name for plot in plots])
    return [pytest.param(plot, id=plot.name, marks=marks[plot.name]) for plot in plots]


def marked(names: Sequence[str]) -> dict[str, Any]:
    """Return by name how a story is marked: not at all, or as not run."""
    chance = random.Random(SEED)  # noqa: S311 a sample, not a secret
    lots = {name: chance.randrange(PART) for name in sorted(names)}
    return {name: () if EVERY or name in ALWAYS or not lot else NOT_RUN for name, lot in lots.items()}
