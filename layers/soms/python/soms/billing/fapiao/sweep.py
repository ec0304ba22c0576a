"""Going on with the tax invoices that wait for the platform, while nobody asks."""

from itertools import islice
from typing import Final

from soms.billing.fapiao import platforms, sending, store
from soms.billing.fapiao.writing import Now
from soms.kit import clock, telemetry

AT_ONCE: Final = 50
"""How many one run looks at; a platform answers in seconds, and the rest is due at the next run."""


def sweep(*, now: Now) -> dict[str, int]:
    """Ask about what is due; one that fails is left for the next run and keeps nobody else waiting."""
    told = {"asked": 0, "failed": 0}
    platform = platforms.find(now)
    if platform is None:
        return told
    for fapiao_id in islice(store.due(clock.stamp(now())), AT_ONCE):
        try:
            fapiao = store.get(fapiao_id)
            if fapiao.due_at and fapiao.due_at <= clock.stamp(now()):
                sending.pursue(fapiao, platform, now=now)
            told["asked"] += 1
        except Exception as error:  # noqa: BLE001 whatever an adapter does, the others go on
            telemetry.fault("a tax invoice could not be pursued", error, fapiao=fapiao_id)
            told["failed"] += 1
    return told
