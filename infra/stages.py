"""Stages: what differs between a laptop, development and production, and nothing else does."""

import os
import platform
import sys
from dataclasses import dataclass
from typing import Literal

REGION = "ap-southeast-1"
LOCAL_ACCOUNT = "000000000000"
NO_ACCOUNT = "111111111111"
"""Stands for the account when a cloud stage is synthesised without credentials."""
LAMBDA_PYTHON = "3.13"
HOST_PYTHONS = ("3.11", "3.12", "3.13")

TAX_PLATFORMS = ("simulator", "none")
"""What may issue tax invoices; an adapter of a real platform adds its name."""

Machine = Literal["arm64", "x86_64"]


class UnknownStage(ValueError):
    """There is no such stage."""


class UnknownPlatform(ValueError):
    """There is no such tax platform."""


class NoAddress(ValueError):
    """Messages are to go to what is no e-mail address."""


@dataclass(frozen=True)
class Stage:
    """One deployment of the system; stacks are called `soms-<name>-data`, `-app` and `-guard`."""

    name: str
    account: str
    region: str
    python: str
    machine: Machine
    production: bool = False
    purchasing_emails: tuple[str, ...] = ()
    sales_emails: tuple[str, ...] = ()
    finance_emails: tuple[str, ...] = ()
    tax_platform: str = "simulator"

    @property
    def prefix(self) -> str:
        """What the names of this stage begin with."""
        return f"soms-{self.name}"

    @property
    def local(self) -> bool:
        """Whether functions run with this machine's own Python and processor."""
        return self.name == "local"

    @property
    def log_days(self) -> int:
        """How long logs are kept, in days."""
        return 365 if self.production else 30


def named(name: str, account: str | None = None, region: str | None = None) -> Stage:
    """Return a stage by name; account and region come from the caller, else from the CDK's environment."""
    if name == "local":
        return Stage(name, LOCAL_ACCOUNT, REGION, _host_python(), _host_machine())
    if name not in {"dev", "prod"}:
        message = f"there is no stage {name!r}: it is dev, prod or local (cdk synth -c stage=dev)"
        raise UnknownStage(message)
    account = account or os.environ.get("CDK_DEFAULT_ACCOUNT") or NO_ACCOUNT
    region = region or os.environ.get("SOMS_REGION") or REGION
    return Stage(name, account, region, LAMBDA_PYTHON, "arm64", production=name == "prod")


def addresses(team: str, said: object) -> tuple[str, ...]:
    """Return the e-mail addresses that the context gives a team: a list, or a text with commas between."""
    named = said.split(",") if isinstance(said, str) else said if isinstance(said, list) else []
    found = tuple(address for one in named if (address := str(one).strip()))
    wrong = [one for one in found if one.count("@") != 1 or one.startswith("@") or one.endswith("@")]
    if wrong:
        message = f"{team}_emails: {', '.join(wrong)} is no e-mail address"
        raise NoAddress(message)
    return tuple(dict.fromkeys(found))


def tax_platform(stage: Stage, said: object) -> str:
    """Return what issues tax invoices: as the context says, else nothing in production and the simulator."""
    chosen = str(said or ("none" if stage.production else "simulator"))
    if chosen not in TAX_PLATFORMS:
        message = f"tax_platform: {chosen!r} is none of {', '.join(TAX_PLATFORMS)}"
        raise UnknownPlatform(message)
    return chosen


def _host_python() -> str:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return version if version in HOST_PYTHONS else LAMBDA_PYTHON


def _host_machine() -> Machine:
    return "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64"
