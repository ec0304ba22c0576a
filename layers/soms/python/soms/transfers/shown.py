"""Imports as clients see them."""

from soms.transfers import rows, store
from soms.transfers.kinds import KINDS
from soms.transfers.model import STEPS, Import, State

_SUMMARY = {
    *("id", "kind", "file_name", "source", "options", "time_zone", "state", "version", "settled"),
    *("counts", "created_at", "created_by", "applied_at", "applied_by", "finished_at"),
}


def summary(job: Import) -> dict[str, object]:
    """Return a job as a row of the list."""
    allowed = [name for name, steps in STEPS.items() if job.state in steps]
    progress = {"done": job.done, "total": job.counts.rows}
    return job.model_dump(mode="json", include=_SUMMARY) | {"progress": progress, "allowed": allowed}


def whole(job: Import) -> dict[str, object]:
    """Return a job with the first of its rows and errors, and where all its errors are."""
    found = rows.sample(store.beginning(job.lines)) if job.lines else []
    url = store.link(job.error_file, f"{job.id}-errors.csv") if job.error_file else None
    errors = [one.model_dump(mode="json") for one in job.errors]
    return summary(job) | {"sample": found, "errors": errors, "errors_url": url}


def after_command(job: Import) -> dict[str, object]:
    """Return a job after a command: while it waits for its file, with a form that uploads it."""
    told = whole(job)
    if job.state is not State.AWAITING_UPLOAD:
        return told
    return told | {"upload": store.form(job.id, KINDS[job.kind].most_bytes)}
