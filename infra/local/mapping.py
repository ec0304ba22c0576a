"""The settings of a deployed event source mapping, with the defaults that AWS documents."""

from collections.abc import Mapping as Described
from dataclasses import dataclass, field

from infra.local.filters import Pattern, compiled

RETENTION_SECONDS = 24 * 3600
"""A stream record exists for a day; an unlimited age means until then."""
BATCH_SIZE = 100
OLDEST, NEWEST = "TRIM_HORIZON", "LATEST"


@dataclass(frozen=True)
class Mapping:
    """Which function follows which stream, and how."""

    uuid: str
    function: str
    stream: str
    batch_size: int = BATCH_SIZE
    window: float = 0
    patterns: tuple[Pattern, ...] = field(default=())
    partial: bool = False
    bisect: bool = False
    retries: int | None = None
    max_age: float = RETENTION_SECONDS
    lanes: int = 1
    start: str = OLDEST
    destination: str | None = None

    @property
    def name(self) -> str:
        """The table and the function, as people call the mapping."""
        return f"{self.stream.split('/')[1]} -> {self.function_name}"

    @property
    def function_name(self) -> str:
        """The function's name without its ARN."""
        return self.function.split(":")[6]


def described(answer: Described[str, object]) -> Mapping:
    """Return the mapping that one entry of ListEventSourceMappings describes, or raise PatternRefused."""
    limits = {key: _limit(answer.get(key)) for key in ("MaximumRetryAttempts", "MaximumRecordAgeInSeconds")}
    age = limits["MaximumRecordAgeInSeconds"]
    return Mapping(
        uuid=str(answer["UUID"]),
        function=str(answer["FunctionArn"]),
        stream=str(answer["EventSourceArn"]),
        batch_size=_number(answer.get("BatchSize"), BATCH_SIZE),
        window=_number(answer.get("MaximumBatchingWindowInSeconds"), 0),
        patterns=tuple(compiled(str(one["Pattern"])) for one in _filters(answer.get("FilterCriteria"))),
        partial="ReportBatchItemFailures" in _listed(answer.get("FunctionResponseTypes")),
        bisect=bool(answer.get("BisectBatchOnFunctionError")),
        retries=limits["MaximumRetryAttempts"],
        max_age=RETENTION_SECONDS if age is None else min(age, RETENTION_SECONDS),
        lanes=_number(answer.get("ParallelizationFactor"), 1),
        start=str(answer.get("StartingPosition") or OLDEST),
        destination=_destination(answer.get("DestinationConfig")),
    )


def _number(value: object, default: int) -> int:
    return default if value is None else int(str(value))


def _limit(value: object) -> int | None:
    number = _number(value, -1)
    return None if number < 0 else number


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _filters(criteria: object) -> list[Described[str, object]]:
    filters = _listed(criteria.get("Filters")) if isinstance(criteria, dict) else []
    return [one for one in filters if isinstance(one, dict)]


def _destination(config: object) -> str | None:
    on_failure = config.get("OnFailure") if isinstance(config, dict) else None
    arn = on_failure.get("Destination") if isinstance(on_failure, dict) else None
    return str(arn) if arn else None
