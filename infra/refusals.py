"""What the gateway says when it refuses a request before any function sees it, in our own error form."""

import json
from dataclasses import dataclass

from aws_cdk.aws_apigateway import ResponseType, RestApi

FORM = "application/problem+json"


@dataclass(frozen=True)
class Refusal:
    """A status, our code for it, and its words in both languages, as the gateway cannot choose one."""

    status: int
    code: str
    title: str
    detail: str
    retry_after: int | None = None


MALFORMED = Refusal(
    400,
    "malformed",
    "The request cannot be read · 请求无法解析",
    "Look at the path, headers and body. · 请检查路径、请求头和请求体。",
)
UNAUTHORIZED = Refusal(
    401,
    "unauthorized",
    "A valid access token is needed · 需要有效的访问令牌",
    "Sign in and send the access token as a bearer. · 请登录，并以 Bearer 方式发送访问令牌。",
)
FORBIDDEN = Refusal(
    403,
    "forbidden",
    "You may not do this · 没有权限",
    "The gateway refused the request. · 网关拒绝了该请求。",
)
NOT_FOUND = Refusal(
    404,
    "not_found",
    "Not found · 未找到",
    "There is nothing here by this name. · 没有对应的资源。",
)
TOO_LARGE = Refusal(
    413,
    "too_large",
    "The request is too large · 请求过大",
    "Send less at once, or use an import. · 请分批发送，或使用批量导入。",
)
UNSUPPORTED = Refusal(
    415,
    "unsupported_media_type",
    "Only JSON is read here · 仅支持 JSON",
    "Send the body as application/json. · 请以 application/json 发送请求体。",
)
TOO_MANY = Refusal(
    429,
    "too_many_requests",
    "Too many requests · 请求过于频繁",
    "Wait a moment and send the same request again. · 请稍候再发送同一请求。",
    retry_after=1,
)
FAILED = Refusal(
    500,
    "internal_error",
    "Something went wrong · 系统出错",
    "The request could not be carried out. · 请求未能完成。",
)
UNAVAILABLE = Refusal(
    503,
    "unavailable",
    "Please try again in a moment · 请稍后重试",
    "Repeat the request with the same Idempotency-Key. · 请使用相同的 Idempotency-Key 重试。",
    retry_after=1,
)

KIND = ResponseType
REFUSALS = {
    KIND.DEFAULT_4_XX: MALFORMED,
    KIND.DEFAULT_5_XX: UNAVAILABLE,
    KIND.BAD_REQUEST_BODY: MALFORMED,
    KIND.BAD_REQUEST_PARAMETERS: MALFORMED,
    KIND.UNAUTHORIZED: UNAUTHORIZED,
    KIND.EXPIRED_TOKEN: UNAUTHORIZED,
    KIND.ACCESS_DENIED: FORBIDDEN,
    KIND.INVALID_API_KEY: FORBIDDEN,
    KIND.WAF_FILTERED: FORBIDDEN,
    # What the gateway says of a path it does not know; the second when a bearer token came with it.
    KIND.MISSING_AUTHENTICATION_TOKEN: NOT_FOUND,
    KIND.INVALID_SIGNATURE: NOT_FOUND,
    KIND.RESOURCE_NOT_FOUND: NOT_FOUND,
    KIND.REQUEST_TOO_LARGE: TOO_LARGE,
    KIND.UNSUPPORTED_MEDIA_TYPE: UNSUPPORTED,
    KIND.THROTTLED: TOO_MANY,
    KIND.QUOTA_EXCEEDED: TOO_MANY,
    KIND.AUTHORIZER_FAILURE: UNAVAILABLE,
    KIND.AUTHORIZER_CONFIGURATION_ERROR: FAILED,
    KIND.API_CONFIGURATION_ERROR: FAILED,
    # The function may have finished: only a repetition with the same key can tell.
    KIND.INTEGRATION_FAILURE: UNAVAILABLE,
    KIND.INTEGRATION_TIMEOUT: UNAVAILABLE,
}


def refuse_in_our_form(api: RestApi) -> None:
    """Give every refusal of the gateway the form of our own."""
    for kind, refusal in REFUSALS.items():
        headers = {
            "Content-Type": f"'{FORM}'",
            "Cache-Control": "'no-store'",
            "X-Request-Id": "context.requestId",
        }
        if refusal.retry_after:
            headers["Retry-After"] = f"'{refusal.retry_after}'"
        if refusal is UNAUTHORIZED:
            headers["WWW-Authenticate"] = "'Bearer'"
        api.add_gateway_response(
            kind.response_type.title().replace("_", ""),
            type=kind,
            status_code=str(refusal.status),
            response_headers=headers,
            # The gateway reads the template of this type whatever the client accepts.
            templates={"application/json": _body(refusal)},
        )


def _body(refusal: Refusal) -> str:
    problem = {
        "type": f"urn:soms:problem:{refusal.code}",
        "title": refusal.title,
        "status": refusal.status,
        "detail": refusal.detail,
        "instance": "urn:uuid:$context.requestId",
        "code": refusal.code,
        "request_id": "$context.requestId",
        "errors": [],
    }
    # Nothing but ASCII, which no step on the way can spoil.
    return json.dumps(problem)
