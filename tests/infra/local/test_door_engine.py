"""The front door finds a REST API of the engine."""

import http.client
import io
import json
import zipfile
from contextlib import closing

import boto3
import pytest

from infra.local.door import Door
from infra.local.engine import REGION, ROOT_KEY, Engine
from infra.local.home import Home

PORT = 4621
HANDLER = """
import json

def handler(event, context):
    headers = {"Content-Type": "application/json", "ETag": '"1.0"'}
    body = {"path": event["path"], "query": event["queryStringParameters"], "body": event["body"],
            "request_id": {k.lower(): v for k, v in event["headers"].items()}.get("x-request-id")}
    return {"statusCode": 201, "headers": headers, "body": json.dumps(body)}
"""


def test_a_rest_api_of_the_engine_is_reached(tmp_path_factory: pytest.TempPathFactory) -> None:
    engine = Engine(Home(tmp_path_factory.mktemp("home")), PORT)
    engine.start()
    door = Door(engine.endpoint, 0, deployed_api(engine), "local")
    door.start()

    with closing(http.client.HTTPConnection("127.0.0.1", door.port, timeout=15)) as connection:
        connection.request("POST", "/v1/orders/a%20b?x=1", b'{"a":1}', {"X-Request-Id": "r-1"})
        answer = connection.getresponse()
        told = answer.read()
        connection.request("GET", "/v1/nothing")
        unknown = connection.getresponse()
        unknown.read()
    door.stop()
    engine.stop()

    assert (answer.status, answer.headers["ETag"]) == (201, '"1.0"')
    assert json.loads(told) == {
        "path": "/v1/orders/a b",
        "query": {"x": "1"},
        "body": '{"a":1}',
        "request_id": "r-1",
    }
    assert unknown.status == 403


def deployed_api(engine: Engine) -> str:
    session = boto3.Session(ROOT_KEY, "test", region_name=REGION)
    functions, gateway, iam = (
        session.client(name, endpoint_url=engine.endpoint) for name in ("lambda", "apigateway", "iam")
    )
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", HANDLER)
    role = iam.create_role(
        RoleName="toy", AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": []}'
    )
    arn = functions.create_function(
        FunctionName="toy",
        Runtime="python3.13",
        Role=role["Role"]["Arn"],
        Handler="app.handler",
        Code={"ZipFile": code.getvalue()},
    )["FunctionArn"]
    functions.add_permission(
        FunctionName="toy",
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
    )
    api = str(gateway.create_rest_api(name="toy")["id"])
    parent = gateway.get_resources(restApiId=api)["items"][0]["id"]
    for part in ("v1", "orders", "{proxy+}"):
        parent = gateway.create_resource(restApiId=api, parentId=parent, pathPart=part)["id"]
    place = {"restApiId": api, "resourceId": parent, "httpMethod": "ANY"}
    gateway.put_method(**place, authorizationType="NONE")
    gateway.put_integration(
        **place,
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri=f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations",
    )
    gateway.create_deployment(restApiId=api, stageName="local")
    return api
