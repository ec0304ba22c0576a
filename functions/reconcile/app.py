"""Schedule and on demand → the books are proved, and what was never applied is handed on again."""

import json
import time
from collections.abc import Mapping

from soms.kit import aws, clock, items, settings, telemetry
from soms.kit.settings import Setting
from soms.kit.streams import Context
from soms.reports import books, invariants, tie_outs
from soms.reports.sweep import sweep

LOOK_AGAIN = 60


def handler(event: Mapping[str, object], _context: Context) -> dict[str, object]:
    """Run `reconcile`, which reports and keeps its report, or `sweep`, which mends."""
    if event.get("action") == "sweep":
        swept = sweep(now=clock.now())
        handed = swept.handed_on
        telemetry.count("swept", "HandedOn", sum(handed.values()), **handed, untold=swept.untold)
        return {"handed_on": handed, "untold": swept.untold}
    held = books.read()
    checks = invariants.report(held)
    if any(check["failures"] for check in checks) and event.get("action") == "reconcile" and _patient(event):
        # What is on its way looks like a difference: only what stays for a minute is one.
        time.sleep(LOOK_AGAIN)
        held = books.read()
        checks = invariants.report(held)
    report: dict[str, object] = {
        "ok": not any(check["failures"] for check in checks),
        "at": clock.stamp(clock.now()),
        "checks": checks,
        "ties": tie_outs.report(held),
    }
    kept = {"pk": "reconcile", "sk": "last", "report": json.dumps(report, ensure_ascii=False)}
    aws.dynamodb().put_item(TableName=settings.get(Setting.JOBS), Item=items.encode(kept))
    failed = sum(int(str(check["failures"])) for check in checks)
    telemetry.count("reconciled", "BooksBroken", failed)
    return report


def _patient(event: Mapping[str, object]) -> bool:
    return event.get("patience", True) is not False
