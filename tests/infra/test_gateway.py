"""The API: every noun behind the authorizer, every refusal in our form."""

import json
from collections.abc import Iterator
from typing import Any

from aws_cdk.aws_apigateway import ResponseType
from soms.kit.access import ROUTES, Group

from tests.infra.templates import Synthesised


def test_every_method_but_health_asks_for_a_token_with_a_scope(dev: Synthesised) -> None:
    methods = dict(_methods(dev))

    open_to_all = {route for route, method in methods.items() if method["AuthorizationType"] == "NONE"}

    assert open_to_all == {"GET /v1/health"}
    for route, method in methods.items():
        if route not in open_to_all:
            assert method["AuthorizationType"] == "COGNITO_USER_POOLS"
            assert set(method["AuthorizationScopes"]) == {
                "aws.cognito.signin.user.admin",
                *(f"soms/{group}" for group in Group),
            }


def test_every_noun_of_the_access_table_leads_to_its_function(dev: Synthesised) -> None:
    methods = dict(_methods(dev))

    for function, routes in ROUTES.items():
        for route, groups in routes.items():
            noun = "/".join(route.split(" ")[1].split("/")[:3])
            wanted = [route] if groups is None else [f"ANY {noun}", f"ANY {noun}/{{proxy+}}"]
            for each in wanted:
                uri = json.dumps(methods[each]["Integration"]["Uri"])
                assert f'"{dev.logical_name(function)}"' in uri, route


def test_the_gateway_knows_no_other_noun(dev: Synthesised) -> None:
    served = {route.split("/")[2] for route, _ in _methods(dev)}

    assert served == {route.split("/")[2] for routes in ROUTES.values() for route in routes}


def test_only_this_api_starts_a_door(dev: Synthesised) -> None:
    intake = {"Fn::GetAtt": [dev.logical_name("intake"), "Arn"]}
    permissions = dev.of("AWS::Lambda::Permission").values()

    doors = [each for each in permissions if each["FunctionName"] != intake]

    (of_intake,) = [each for each in permissions if each["FunctionName"] == intake]
    assert of_intake["Principal"] == "events.amazonaws.com"
    assert "IntakeArrivals" in json.dumps(of_intake["SourceArn"])
    assert len(doors) == len(ROUTES)
    for permission in doors:
        assert permission["Principal"] == "apigateway.amazonaws.com"
        assert "execute-api" in json.dumps(permission["SourceArn"])


def test_requests_are_throttled_and_logged_without_persons(dev: Synthesised) -> None:
    (stage,) = dev.of("AWS::ApiGateway::Stage").values()

    (setting,) = stage["MethodSettings"]
    line = json.loads(stage["AccessLogSetting"]["Format"])

    assert setting["ThrottlingRateLimit"] == 500
    assert setting["ThrottlingBurstLimit"] == 1000
    assert setting["DataTraceEnabled"] is False
    assert line["request_id"] == "$context.requestId"
    for value in line.values():
        assert not [word for word in ("identity", "authorizer", "path}", "requestOverride") if word in value]


def test_every_refusal_of_the_gateway_has_our_form(dev: Synthesised) -> None:
    refusals = dev.of("AWS::ApiGateway::GatewayResponse").values()

    known = {name for name in dir(ResponseType) if name.isupper()}
    assert len({refusal["ResponseType"] for refusal in refusals}) == len(known)
    for refusal in refusals:
        problem = json.loads(refusal["ResponseTemplates"]["application/json"])
        assert set(problem) == {
            *("type", "title", "status", "detail", "instance", "code", "request_id", "errors"),
        }
        assert str(problem["status"]) == refusal["StatusCode"]
        assert problem["type"] == f"urn:soms:problem:{problem['code']}"
        assert problem["request_id"] == "$context.requestId"
        headers = refusal["ResponseParameters"]
        assert headers["gatewayresponse.header.Content-Type"] == "'application/problem+json'"
        assert ("gatewayresponse.header.Retry-After" in headers) is (refusal["StatusCode"] in {"429", "503"})


def test_what_is_not_there_is_404_and_not_a_missing_token(dev: Synthesised) -> None:
    refusals = {each["ResponseType"]: each for each in dev.of("AWS::ApiGateway::GatewayResponse").values()}

    assert refusals["MISSING_AUTHENTICATION_TOKEN"]["StatusCode"] == "404"
    assert refusals["UNAUTHORIZED"]["StatusCode"] == "401"
    assert refusals["REQUEST_TOO_LARGE"]["StatusCode"] == "413"


def _methods(stage: Synthesised) -> Iterator[tuple[str, Any]]:
    places = stage.of("AWS::ApiGateway::Resource")

    def path(reference: Any) -> str:
        if "Ref" not in reference:
            return ""
        place = places[reference["Ref"]]
        return f"{path(place['ParentId'])}/{place['PathPart']}"

    for method in stage.of("AWS::ApiGateway::Method").values():
        yield f"{method['HttpMethod']} {path(method['ResourceId'])}", method
