"""Every refusal a client can meet: its code, its status and its words in English and Chinese (RFC 9457)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

Words = tuple[str, str]


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, with where it is: a JSON pointer into the body or a query parameter."""

    code: str
    words: Words
    pointer: str | None = None
    parameter: str | None = None
    meta: Mapping[str, object] = field(default_factory=dict)

    def at(self, pointer: str) -> "Fault":
        """Return the same fault at another place of the body."""
        return replace(self, pointer=pointer)

    def told(self, language: str) -> dict[str, object]:
        """Return the fault as clients see it."""
        told: dict[str, object] = {}
        if self.pointer is not None:
            told["pointer"] = self.pointer
        elif self.parameter is not None:
            told["parameter"] = self.parameter
        told |= {"code": self.code, "detail": in_language(self.words, language), "meta": dict(self.meta)}
        return told


class Problem(Exception):
    """A refusal; subclasses give the code, the status and the words, instances what is particular."""

    status = 500
    code = "internal_error"
    title: Words = ("Something went wrong", "系统出错")
    detail: Words = (
        "The request could not be carried out. It was noted; nothing is half done.",
        "请求未能完成，已记录；没有留下不完整的数据。",
    )

    def __init__(
        self,
        *,
        detail: Words | None = None,
        faults: Sequence[Fault] = (),
        meta: Mapping[str, object] | None = None,
        retry_after: int | None = None,
    ) -> None:
        """Say what is particular about this refusal; `retry_after` is in seconds."""
        super().__init__(self.code)
        self.detail = detail or type(self).detail
        self.faults = tuple(faults)
        self.meta = dict(meta or {})
        self.retry_after = retry_after

    def told(self, language: str, *, instance: str, request_id: str) -> dict[str, object]:
        """Return the body of the answer in `zh` or `en`."""
        body: dict[str, object] = {
            "type": f"urn:soms:problem:{self.code}",
            "title": in_language(self.title, language),
            "status": self.status,
            "detail": in_language(self.detail, language),
            "instance": instance,
            "code": self.code,
            "request_id": request_id,
            "errors": [fault.told(language) for fault in self.faults],
        }
        return body | ({"meta": self.meta} if self.meta else {})

    def as_fault(self) -> Fault:
        """Return the refusal as one fault of the whole body, where several are told side by side."""
        return Fault(self.code, self.detail, pointer="", meta=self.meta)


def in_language(words: Words, language: str) -> str:
    """Return the words in `zh` or `en`."""
    return words[1] if language == "zh" else words[0]


def merged(problems: Sequence[Problem]) -> Problem:
    """Return the first problem with the faults of all of its kind, so that nothing is told piecemeal."""
    first = problems[0]
    alike = [problem for problem in problems if problem.code == first.code]
    first.faults = tuple(fault for problem in alike for fault in problem.faults)
    return first


class Malformed(Problem):
    """The request cannot be read."""

    status = 400
    code = "malformed"
    title = ("The request cannot be read", "请求无法解析")
    detail = ("The body is not valid JSON in UTF-8.", "请求体不是有效的 UTF-8 JSON。")


class InvalidParameter(Problem):
    """A query parameter is unknown or has a value that it cannot have."""

    status = 400
    code = "invalid_parameter"
    title = ("A query parameter is not accepted", "查询参数无效")
    detail = ("Look at `errors` for the parameters concerned.", "详见 errors 中列出的参数。")


class FilterUnsupported(Problem):
    """No index serves this combination of filters."""

    status = 400
    code = "filter_unsupported"
    title = ("These filters cannot be combined", "不支持该筛选组合")
    detail = ("No index serves this combination of filters.", "没有索引支持该筛选组合。")


class CursorInvalid(Problem):
    """The cursor is not one of ours, or belongs to another list."""

    status = 400
    code = "cursor_invalid"
    title = ("The cursor is not valid here", "游标无效")
    detail = (
        "Take `next_cursor` of the previous page, with the same filters.",
        "请使用上一页返回的 next_cursor，并保持筛选条件不变。",
    )


class KeyRequired(Problem):
    """A POST that changes something came without a key."""

    status = 400
    code = "idempotency_key_required"
    title = ("The header Idempotency-Key is missing", "缺少 Idempotency-Key 请求头")
    detail = (
        "Send a key of your own with every POST, and the same key when you repeat it.",
        "每个 POST 请求都要带上自定的键，重发时使用相同的键。",
    )


class KeyInvalid(Problem):
    """The key is empty, too long, or not visible ASCII."""

    status = 400
    code = "idempotency_key_invalid"
    title = ("The header Idempotency-Key is not acceptable", "Idempotency-Key 请求头无效")
    detail = (
        "A key has 1 to 128 visible ASCII characters, bare or in double quotes.",
        "键为 1 至 128 个可见 ASCII 字符，可加双引号。",
    )


class Unauthorized(Problem):
    """There is no token, or not one that counts."""

    status = 401
    code = "unauthorized"
    title = ("A valid access token is needed", "需要有效的访问令牌")
    detail = ("Sign in and send the access token as a bearer.", "请登录，并以 Bearer 方式发送访问令牌。")


class Forbidden(Problem):
    """The caller is known and has no right to do this."""

    status = 403
    code = "forbidden"
    title = ("You may not do this", "没有权限")
    detail = ("None of your groups has this right.", "您所在的用户组没有此项权限。")


class NotFound(Problem):
    """There is no such thing, or none that the caller may know of."""

    status = 404
    code = "not_found"
    title = ("Not found", "未找到")
    detail = ("There is nothing here by this name.", "没有对应的资源。")


class MethodNotAllowed(Problem):
    """The path is known, this method is not."""

    status = 405
    code = "method_not_allowed"
    title = ("This method is not for this path", "不支持该请求方法")
    detail = ("The header Allow lists the methods of this path.", "响应头 Allow 列出了该路径支持的方法。")

    def __init__(self, allowed: Sequence[str]) -> None:
        """Name the methods that the path knows."""
        super().__init__(meta={"allowed": list(allowed)})
        self.allowed = tuple(allowed)


class InvalidState(Problem):
    """The lifecycle table has no such step from here."""

    status = 409
    code = "invalid_state"
    title = ("Not possible in this state", "当前状态不允许此操作")

    def __init__(self, *, command: str, state: str, allowed: Sequence[str]) -> None:
        """Name the command, the state and what the state allows."""
        super().__init__(
            detail=(
                f"`{command}` is not possible while the state is `{state}`.",
                f"状态为 {state} 时不能执行 {command}。",
            ),
            meta={"state": state, "allowed": list(allowed)},
        )


class DuplicateReference(Problem):
    """The reference was used before, with other content."""

    status = 409
    code = "duplicate_reference"
    title = ("This reference is taken", "该外部编号已被使用")
    detail = (
        "The reference exists with other content.",
        "该外部编号已存在，且内容不同。",
    )


class VersionMismatch(Problem):
    """The resource has moved on since the caller read it."""

    status = 412
    code = "version_mismatch"
    title = ("The resource has changed meanwhile", "资源已被更改")

    def __init__(self, current: int) -> None:
        """Name the version that the resource has now."""
        super().__init__(
            detail=(
                f"If-Match names another version than the current one, {current}.",
                f"If-Match 与当前版本 {current} 不一致。",
            ),
            meta={"current": current},
        )


class TooLarge(Problem):
    """The request is larger than what is taken."""

    status = 413
    code = "too_large"
    title = ("The request is too large", "请求过大")
    detail = ("Send less at once, or use an import.", "请分批发送，或使用批量导入。")


class UnsupportedMedia(Problem):
    """The body is not declared as JSON."""

    status = 415
    code = "unsupported_media_type"
    title = ("Only JSON is read here", "仅支持 JSON")
    detail = (
        "Send the body with Content-Type: application/json.",
        "请以 Content-Type: application/json 发送。",
    )


class Invalid(Problem):
    """Fields of the body are wrong; all of them are told at once."""

    status = 422
    code = "invalid"
    title = ("Some fields are not acceptable", "字段校验未通过")
    detail = ("Look at `errors` for every field concerned.", "详见 errors 中列出的全部字段。")

    def __init__(self, *faults: Fault) -> None:
        """Take all faults; a single one gives its code to the whole."""
        codes = {fault.code for fault in faults}
        if len(codes) == 1:
            self.code = next(iter(codes))
        super().__init__(faults=faults)


class KeyReused(Problem):
    """The key was used before for another body."""

    status = 422
    code = "idempotency_key_reused"
    title = ("This key was used for another request", "该 Idempotency-Key 已用于其他请求")
    detail = (
        "The same key came with another body. Use a new key for a new request.",
        "同一个键对应了不同的请求体。新请求请使用新的键。",
    )


class PreconditionRequired(Problem):
    """A change needs the version it was decided on."""

    status = 428
    code = "precondition_required"
    title = ("The header If-Match is missing", "缺少 If-Match 请求头")
    detail = ("Send the ETag that you read, as If-Match.", "请将读取到的 ETag 作为 If-Match 发送。")


class Unavailable(Problem):
    """A passing fault; the same request with the same key may be sent again."""

    status = 503
    code = "unavailable"
    title = ("Please try again in a moment", "请稍后重试")
    detail = (
        "The request did not go through just now. Repeat it with the same Idempotency-Key.",
        "请求暂时未能完成，请使用相同的 Idempotency-Key 重试。",
    )

    def __init__(self, retry_after: int = 1) -> None:
        """Say after how many seconds to try again."""
        super().__init__(retry_after=retry_after)
