"""Upload in S3, or a command to try again → the file is read, and its import is ready to be applied."""

from soms.kit import clock, streams
from soms.transfers import intake


def handler(event: streams.Event, _context: streams.Context) -> dict[str, str]:
    import_id = _import_of(event)
    intake.validate(import_id, now=clock.now())
    return {"import": import_id}


def _import_of(event: streams.Event) -> str:
    detail = event.get("detail")
    if isinstance(detail, dict):
        return str(detail["object"]["key"]).split("/")[1]
    return str(event["import"])
