"""The page of rights: which group may use which route, from the one table of routes and groups."""

from soms.kit.access import ROUTES, Group
from soms.kit.problems import Words, in_language

from infra.reference.page import page, table

TITLE: Words = ("Who may do what", "权限一览")
ROUTE: Words = ("route", "路由")
PUBLIC: Words = ("open, no token", "公开，无需令牌")
HEAD: Words = (
    (
        "● the group may use the route; anybody else gets 403 `forbidden`, and 401 `unauthorized` without "
        "a valid token. `GET /v1/me` lists what the token at hand may do. A sales person sees and changes "
        "only own customers and orders and those of nobody (anything else is 404); the warehouse sees no "
        "prices; a command may ask for more, such as who may approve."
    ),
    (
        "● 表示该用户组可以使用该路由；其他用户组返回 403 `forbidden`，没有有效令牌返回 401 `unauthorized`"
        "。`GET /v1/me` 列出当前令牌的权限。销售人员只能看到并修改自己的以及无人负责的客户和订单（其余返回 "
        "404）；仓库看不到价格；个别命令另有要求，例如谁可以审批。"
    ),
)


def access(language: str) -> str:
    """Return the page in a language."""
    groups = tuple(Group)
    head = (ROUTE, *((group.value, group.value) for group in groups))
    blocks = [in_language(HEAD, language)]
    for function, routes in ROUTES.items():
        rows = []
        for route, allowed in routes.items():
            cells = ["●" if allowed is None or group in allowed else "" for group in groups]
            public = f" ({in_language(PUBLIC, language)})" if allowed is None else ""
            rows.append([f"`{route}`{public}", *cells])
        blocks += [f"## {function}", table(head, rows, language)]
    return page("access", TITLE, blocks, language)
