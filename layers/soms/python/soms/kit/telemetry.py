"""One line of JSON for each outcome: a constant sentence, keys, and CloudWatch metrics in the same line."""

import json
import sys
import time
import traceback

from soms.kit import settings

NAMESPACE = "SOMS"


def note(sentence: str, **keys: object) -> None:
    """Log an outcome; keys never hold a customer's data."""
    _write({"level": "INFO", "message": sentence, **keys})


def count(sentence: str, metric: str, value: int = 1, **keys: object) -> None:
    """Log an outcome and count it under a metric of the function (embedded metric format)."""
    _write({"level": "INFO", "message": sentence, **keys, **_metric(metric, value, "Count")})


def fault(sentence: str, error: BaseException, **keys: object) -> None:
    """Log a fault with its place in the code but without its text, which may hold data, and count it."""
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    where = [f"{frame.filename.rsplit('/soms/', 1)[-1]}:{frame.lineno}" for frame in frames]
    _write(
        {
            "level": "ERROR",
            "message": sentence,
            "error": type(error).__name__,
            "where": where,
            **keys,
            **_metric("Faults", 1, "Count"),
        }
    )


def _metric(name: str, value: int, unit: str) -> dict[str, object]:
    definition = {
        "Namespace": NAMESPACE,
        "Dimensions": [["function"]],
        "Metrics": [{"Name": name, "Unit": unit}],
    }
    return {
        "_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [definition]},
        "function": settings.function_name(),
        name: value,
    }


def _write(line: dict[str, object]) -> None:
    # stdout by hand: the logging package costs more at start than the rest of this module.
    sys.stdout.write(json.dumps(line, separators=(",", ":"), ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()
