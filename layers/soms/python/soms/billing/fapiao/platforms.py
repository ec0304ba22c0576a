"""Which tax platform the stage has: the simulator or none; a real one is an adapter to be written."""

from collections.abc import Callable
from datetime import datetime

from soms.billing.fapiao.port import TaxPlatform
from soms.billing.fapiao.simulator import Simulator
from soms.kit import settings
from soms.kit.problems import Problem
from soms.kit.settings import Setting


class TaxPlatformMissing(Problem):
    """The stage is not connected to a tax platform."""

    status = 409
    code = "tax_platform_missing"
    title = ("There is no tax platform", "未接入税务平台")
    detail = (
        "This system is not connected to a tax platform, so it can have no tax invoice issued.",
        "本系统未接入税务平台，无法开具数电发票。",
    )


def find(now: Callable[[], datetime]) -> TaxPlatform | None:
    """Return the platform that the stage is set to, or None."""
    return Simulator(now) if settings.get(Setting.TAX_PLATFORM) == "simulator" else None


def chosen(now: Callable[[], datetime]) -> TaxPlatform:
    """Return the platform that the stage is set to, or raise TaxPlatformMissing."""
    found = find(now)
    if found is None:
        raise TaxPlatformMissing
    return found
