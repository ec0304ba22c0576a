"""The page of errors: every refusal that functions give, and every fault of a field, with their words."""

import importlib
import pkgutil
from functools import cache
from types import ModuleType

import soms
from soms.kit.access import ROUTES
from soms.kit.problems import Problem, Words, in_language

from infra.reference import literals
from infra.reference.page import page, section, table

TITLE: Words = ("Errors", "错误一览")
STATUS: Words = ("status", "状态码")
CODE: Words = ("code", "代码")
NAME: Words = ("title", "标题")
DETAIL: Words = ("detail", "说明")
SAID: Words = ("told as", "说明")
HEAD: Words = (
    (
        "Every refusal is `application/problem+json` (RFC 9457) with `type`, `title`, `status`, `detail`, "
        "`instance`, `code`, `request_id`, `errors` and, where there is something to add, `meta`; in "
        "Chinese with `Accept-Language: zh`. Programs look at `code`, never at words. `…` stands for what "
        "is particular about one case. 503, and 429 `too_many_requests` of the gateway, may be sent again "
        "with the same `Idempotency-Key` after `Retry-After` seconds."
    ),
    (
        "所有错误均以 `application/problem+json`（RFC 9457）返回，包含 `type`、`title`、`status`、`detail`"
        "、`instance`、`code`、`request_id`、`errors`，必要时还有 `meta`；带 `Accept-Language: zh` 时为中文"
        "。程序应判断 `code`，不要判断文字。`…` 表示随具体情况而定的内容。503 以及网关的 429 "
        "`too_many_requests` 可在 `Retry-After` 秒后以相同的 `Idempotency-Key` 重发。"
    ),
)
FAULTS: Words = ("Faults in `errors`", "`errors` 中的错误")
FAULTS_HEAD: Words = (
    (
        "Each fault has a `code`, a `detail`, `meta`, and where it is: `pointer` (JSON pointer into the "
        "body) or `parameter`. All faults of a body are told at once, as 422; where all have one code, it "
        "is the code of the whole answer, too."
    ),
    (
        "每个错误都有 `code`、`detail`、`meta` 和位置：`pointer`（指向请求体的 JSON 指针）或 `parameter`。"
        "请求体的全部错误以 422 一次返回；若全部错误的代码相同，则整个应答也使用该代码。"
    ),
)


def errors(language: str) -> str:
    """Return the page in a language."""
    problems = [
        [str(one.status), f"`{one.code}`", in_language(one.title, language), in_language(words, language)]
        for one, words in refusals()
    ]
    told = [
        [f"`{code}`", " / ".join(in_language(words, language) for words in several) or literals.PARTICULAR]
        for code, several in sorted(literals.faults(modules()).items())
    ]
    blocks = [
        in_language(HEAD, language),
        table((STATUS, CODE, NAME, DETAIL), sorted(problems), language),
        *(section(FAULTS, language), in_language(FAULTS_HEAD, language)),
        table((CODE, SAID), told, language),
    ]
    return page("errors", TITLE, blocks, language)


def refusals() -> list[tuple[type[Problem], Words]]:
    """Return every kind of refusal with its words."""
    held = modules()
    found = [Problem]
    for one in found:
        found += one.__subclasses__()
    return [(one, literals.detail(one, held)) for one in found if one.__module__ in held]


@cache
def modules() -> dict[str, ModuleType]:
    """Return the whole package and the doors that clients come to, imported."""
    names = [one.name for one in pkgutil.walk_packages(soms.__path__, "soms.") if not one.ispkg]
    names += [f"functions.{name}.app" for name in ROUTES]
    return {name: importlib.import_module(name) for name in names}
