"""Starts the workers of the HTTP functions before the first request comes."""

import json
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from infra.local.deploy import Account

BUSY = {"orders": 4}
"""As many as the front door lets through at once; the others start more when they must."""
FUNCTION = re.compile(r":function:([\w-]+)")
HEALTH: Mapping[str, Any] = {
    "resource": "/v1/health",
    "path": "/v1/health",
    "httpMethod": "GET",
    "headers": {"Accept": "application/json"},
    "multiValueHeaders": {"Accept": ["application/json"]},
    "queryStringParameters": None,
    "multiValueQueryStringParameters": None,
    "pathParameters": None,
    "stageVariables": None,
    "requestContext": {
        "accountId": "000000000000",
        "apiId": "warm",
        "httpMethod": "GET",
        "identity": {"sourceIp": "127.0.0.1"},
        "path": "/v1/health",
        "requestId": "warm",
        "resourcePath": "/v1/health",
        "stage": "local",
    },
    "body": None,
    "isBase64Encoded": False,
}
"""A question that most functions answer with 404: harmless, and enough to make them load everything."""


def http_functions(account: Account, api_id: str) -> set[str]:
    """Return the names of the functions behind a REST API."""
    pages = (
        account.client("apigateway")
        .get_paginator("get_resources")
        .paginate(restApiId=api_id, embed=["methods"])
    )
    uris = [
        (method.get("methodIntegration") or {}).get("uri", "")
        for page in pages
        for resource in page["items"]
        for method in resource.get("resourceMethods", {}).values()
    ]
    return {found.group(1) for uri in uris if (found := FUNCTION.search(uri))}


def warm(account: Account, functions: set[str]) -> tuple[int, list[str]]:
    """Start the workers; return how many calls were made and what went wrong, one line per function."""
    workers = {name: BUSY.get(name.rpartition("-")[2], 1) for name in functions}
    # The busiest first: its calls must run at the same time, or one worker would answer them all.
    calls = [
        name for name in sorted(functions, key=lambda each: -workers[each]) for _ in range(workers[name])
    ]
    client, event = account.client("lambda"), json.dumps(HEALTH).encode()

    def call(name: str) -> str | None:
        answer = client.invoke(FunctionName=name, Payload=event)
        told = answer["Payload"].read().decode(errors="replace")
        return f"{name}: {told[:300]}" if answer.get("FunctionError") else None

    with ThreadPoolExecutor(max_workers=max(BUSY.values())) as together:
        failures = sorted({failure for failure in together.map(call, calls) if failure})
    return len(calls), failures
