"""What the source says of faults and refusals where only literals say it, read from its syntax tree."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

from soms.kit import invalid
from soms.kit.problems import Problem, Words

PARTICULAR = "…"
"""What stands in words for whatever is particular about one case."""
Told = tuple[str, Words | None]


def faults(modules: Mapping[str, ModuleType]) -> dict[str, list[Words]]:
    """Return the codes that faults of fields can have, each with all words it is told in."""
    found: dict[str, list[Words]] = {}
    sources = [_Source(module) for module in modules.values()]
    told = [one for source in sources for one in source.faults(sources)]
    told += [(code, _blank(words)) for code, words in (*invalid._WORDS.values(), invalid._OTHER)]  # noqa: SLF001 # the table itself
    for code, words in told:
        several = found.setdefault(code, [])
        if words and words not in several:
            several.append(words)
    return found


def detail(problem: type[Problem], modules: Mapping[str, ModuleType]) -> Words:
    """Return the words of a refusal: those of its class, or those that it makes for each case."""
    tree = ast.parse(Path(str(modules[problem.__module__].__file__)).read_text(encoding="utf-8"))
    for made in ast.walk(tree):
        if isinstance(made, ast.ClassDef) and made.name == problem.__name__:
            for call in ast.walk(made):
                if isinstance(call, ast.keyword) and call.arg == "detail":
                    return _pair(call.value) or problem.detail
        # A refusal that is made with words of its own by the function next to it.
        if isinstance(made, ast.Call) and _name(made.func) == problem.__name__:
            for said in made.keywords:
                if said.arg == "detail" and (words := _pair(said.value)):
                    return words
    return problem.detail


class _Source:
    """One module with its syntax tree."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self.tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))

    def faults(self, sources: list["_Source"]) -> Iterator[Told]:
        """Yield the code and the words of every fault that the module makes."""
        for function in self._functions():
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and _name(node.func) == "wrong":
                    told, english, chinese = (self._text(one, function, node.lineno) for one in node.args)
                    yield told, (english, chinese)
                if isinstance(node, ast.Call) and _name(node.func) == "Fault" and len(node.args) > 1:
                    code, words = node.args[:2]
                    pair = self._words(words, function, node.lineno)
                    for one in _codes(code, function, sources):
                        yield one, pair

    def calls(self, name: str) -> Iterator[ast.Call]:
        """Yield the calls of a function by its name."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and _name(node.func).rsplit(".", 1)[-1] == name:
                yield node

    def _functions(self) -> Iterator[ast.FunctionDef]:
        nested = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef) and node not in nested:
                nested |= {inner for inner in ast.walk(node) if inner is not node}
                yield node

    def _words(self, node: ast.expr, function: ast.FunctionDef, line: int) -> Words | None:
        if isinstance(node, ast.Name) and (value := _assigned(node.id, function, line)):
            return self._words(value, function, line)
        if isinstance(node, ast.Name | ast.Attribute):
            held = self._value(node)
            return held if isinstance(held, tuple) else None
        return _pair(node)

    def _text(self, node: ast.expr, function: ast.FunctionDef, line: int) -> str:
        value = _assigned(node.id, function, line) if isinstance(node, ast.Name) else node
        return _text(value or node)

    def _value(self, node: ast.expr) -> object:
        value: object = self.module
        for part in _name(node).split("."):
            value = getattr(value, part, None)
        return value


def _codes(node: ast.expr, function: ast.FunctionDef, sources: list[_Source]) -> Iterator[str]:
    """Yield what a code can be: itself, or what the callers of its function make of it."""
    if isinstance(node, ast.Name):
        node = _assigned(node.id, function, node.lineno) or node
    if isinstance(node, ast.Constant):
        yield str(node.value)
    if isinstance(node, ast.JoinedStr):
        given = next(part.value for part in node.values if isinstance(part, ast.FormattedValue))
        place = [one.arg for one in function.args.args].index(_name(given))
        for source in sources:
            for call in source.calls(function.name):
                if len(call.args) > place and isinstance(call.args[place], ast.Constant):
                    yield _text(node).replace(PARTICULAR, _text(call.args[place]))


def _assigned(name: str, function: ast.FunctionDef, line: int) -> ast.expr | None:
    """Return what a local name was last given before a line."""
    given = [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and node.lineno <= line and _name(node.targets[0]) == name
    ]
    return max(given, key=lambda node: node.lineno).value if given else None


def _pair(node: ast.expr) -> Words | None:
    """Return the words that a pair of literals is."""
    if isinstance(node, ast.Tuple) and len(node.elts) == len(("en", "zh")):
        english, chinese = map(_text, node.elts)
        return None if PARTICULAR in {english, chinese} else (english, chinese)
    return None


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) for part in node.values)
    return PARTICULAR


def _name(node: ast.expr) -> str:
    return ast.unparse(node) if isinstance(node, ast.Name | ast.Attribute) else ""


def _blank(words: Words) -> Words:
    """Return words with what pydantic fills in left out."""
    class Blank(dict[str, str]):
        def __missing__(self, _key: str) -> str:
            return PARTICULAR

    english, chinese = (one.format_map(Blank()) for one in words)
    return english, chinese
