"""What was synthesised, in the words of the tests."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Properties = Mapping[str, Any]
FUNCTIONS = frozenset(path.parent.name for path in Path("functions").glob("*/app.py"))


@dataclass(frozen=True)
class Right:
    """One action that a role is allowed on one resource."""

    action: str
    resource: str
    condition: str

    @property
    def table(self) -> str:
        """The table meant, in lower case, or nothing."""
        found = re.search(r"GetAttTables([A-Z][a-z]+)[0-9A-F]{8}Arn", self.resource)
        return found[1].lower() if found else ""


@dataclass(frozen=True)
class Synthesised:
    """The stacks of one stage."""

    stage: str
    folder: Path

    def template(self, stack: str) -> dict[str, Any]:
        """Return the template of the stack `data`, `app` or `guard`."""
        text = (self.folder / f"soms-{self.stage}-{stack}.template.json").read_text()
        parsed: dict[str, Any] = json.loads(text)
        return parsed

    @property
    def stacks(self) -> list[str]:
        """Which stacks there are."""
        names = sorted(path.name for path in self.folder.glob("*.template.json"))
        return [name.removesuffix(".template.json").rsplit("-", 1)[1] for name in names]

    def resources(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield every resource of every stack."""
        for stack in self.stacks:
            yield from self.template(stack)["Resources"].items()

    def of(self, kind: str) -> dict[str, Properties]:
        """Return the properties of all resources of a type, by logical name."""
        return {name: each.get("Properties", {}) for name, each in self.resources() if each["Type"] == kind}

    def functions(self) -> dict[str, Properties]:
        """Return the properties of every function by its short name."""
        return {
            each["FunctionName"].split("-", 2)[2]: each for each in self.of("AWS::Lambda::Function").values()
        }

    def logical_name(self, function: str) -> str:
        """Return what the template calls a function."""
        full = f"soms-{self.stage}-{function}"
        functions = self.of("AWS::Lambda::Function").items()
        return next(name for name, each in functions if each["FunctionName"] == full)

    def role_of(self, function: str) -> str:
        """Return what the template calls a function's role."""
        return str(self.functions()[function]["Role"]["Fn::GetAtt"][0])

    def statements(self, role: str) -> list[Mapping[str, Any]]:
        """Return what a role's policies say."""
        policies = self.of("AWS::IAM::Policy").values()
        mine = [policy for policy in policies if {"Ref": role} in policy["Roles"]]
        return [each for policy in mine for each in policy["PolicyDocument"]["Statement"]]

    def rights(self, function: str) -> set[Right]:
        """Return what a function may do, action by action."""
        return set(rights_in(self.statements(self.role_of(function))))


def rights_in(statements: list[Mapping[str, Any]]) -> Iterator[Right]:
    """Yield each action on each resource that statements allow."""
    for statement in statements:
        condition = json.dumps(statement.get("Condition", {}), sort_keys=True)
        for action in as_list(statement["Action"]):
            for resource in as_list(statement["Resource"]):
                yield Right(action, json.dumps(resource, sort_keys=True), condition)


def as_list(value: Any) -> list[Any]:
    """Return what IAM may write with or without a list, as a list."""
    return value if isinstance(value, list) else [value]
