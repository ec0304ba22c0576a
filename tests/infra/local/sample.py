"""A small assembly in the form the CDK writes, for tests of the deployment."""

import hashlib
import json
from pathlib import Path
from typing import Any

ASSETS = "cdk-hnb659fds-assets-000000000000-ap-southeast-1"
HANDLER = """
import json, os, sys
import boto3
class Misfortune(Exception): pass
def handler(event, context):
    if event.get("action") == "fail":
        raise Misfortune("as asked")
    if event.get("action") == "claims":
        return {"statusCode": 200, "body": json.dumps(event)}
    if "requestContext" in event:
        return {"statusCode": 200, "body": json.dumps(event["requestContext"].get("authorizer") or {})}
    return {"echo": event, "boto3": boto3.__version__, "env": sorted(os.environ), "version": VERSION}
VERSION = __VERSION__
"""


def data_template(*, name: str = "sample", extra_table: bool = False) -> dict[str, Any]:
    """Return tables, a locked bucket, a topic and a user pool that demands TOTP."""
    table = {
        "Type": "AWS::DynamoDB::GlobalTable",
        "Properties": {
            "TableName": f"soms-{name}-things",
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"},
            "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS"},
            "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": True},
            "Replicas": [
                {
                    "Region": "ap-southeast-1",
                    "DeletionProtectionEnabled": True,
                    "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
                    "SSESpecification": {"KMSMasterKeyId": {"Fn::GetAtt": ["Key", "Arn"]}},
                }
            ],
        },
    }
    resources: dict[str, Any] = {
        "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Version": "2012-10-17", "Statement": []}}},
        "Things": table,
        "Files": {
            "Type": "AWS::S3::Bucket",
            "Properties": {
                "BucketName": f"soms-{name}-files",
                "VersioningConfiguration": {"Status": "Enabled"},
                "ObjectLockEnabled": True,
                "ObjectLockConfiguration": {
                    "ObjectLockEnabled": "Enabled",
                    "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}},
                },
                "BucketEncryption": {
                    "ServerSideEncryptionConfiguration": [
                        {
                            "ServerSideEncryptionByDefault": {
                                "SSEAlgorithm": "aws:kms",
                                "KMSMasterKeyID": {"Fn::GetAtt": ["Key", "Arn"]},
                            }
                        }
                    ]
                },
                "LifecycleConfiguration": {
                    "Rules": [
                        {"Id": "old", "Status": "Enabled", "ExpirationInDays": 90, "Prefix": "quarantine/"},
                        {"Id": "parts", "Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}},
                    ]
                },
            },
        },
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": f"soms-{name}-purchasing"}},
        **_pool(name),
    }
    if extra_table:
        resources["More"] = {
            "Type": "AWS::DynamoDB::GlobalTable",
            "Properties": table["Properties"] | {"TableName": f"soms-{name}-more"},
        }
    outputs = {
        "Pool": {"Ref": "Pool"},
        "Client": {"Ref": "Client"},
        "Machine": {"Ref": "Machine"},
        "Topic": {"Ref": "Topic"},
        "Files": {"Ref": "Files"},
        "Stream": {"Fn::GetAtt": ["Things", "StreamArn"]},
        "PoolArn": {"Fn::GetAtt": ["Pool", "Arn"]},
    }
    return {
        "Resources": resources,
        "Outputs": {key: {"Value": value, "Export": {"Name": f"{name}:{key}"}} for key, value in outputs.items()},
    }


def _pool(name: str) -> dict[str, Any]:
    pool = {"Ref": "Pool"}
    group = {"Type": "AWS::Cognito::UserPoolGroup"}
    groups = {
        f"Group{index}": group | {"Properties": {"UserPoolId": pool, "GroupName": each}}
        for index, each in enumerate(("admin", "sales"))
    }
    scopes = [{"ScopeName": "sales", "ScopeDescription": "sales"}]
    return groups | {
        "Pool": {
            "Type": "AWS::Cognito::UserPool",
            "Properties": {
                "UserPoolName": f"soms-{name}",
                "MfaConfiguration": "ON",
                "EnabledMfas": ["SOFTWARE_TOKEN_MFA"],
                "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True},
            },
        },
        "Server": {
            "Type": "AWS::Cognito::UserPoolResourceServer",
            "Properties": {"UserPoolId": pool, "Identifier": "soms", "Name": "soms", "Scopes": scopes},
        },
        "Client": {
            "Type": "AWS::Cognito::UserPoolClient",
            "Properties": {
                "UserPoolId": pool,
                "ClientName": "people",
                "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
            },
        },
        "Machine": {
            "Type": "AWS::Cognito::UserPoolClient",
            "DependsOn": ["Server"],
            "Properties": {
                "UserPoolId": pool,
                "ClientName": "machine",
                "GenerateSecret": True,
                "AllowedOAuthFlows": ["client_credentials"],
                "AllowedOAuthFlowsUserPoolClient": True,
                "AllowedOAuthScopes": ["soms/sales"],
            },
        },
    }


def app_template(code_key: str, *, name: str = "sample", greeting: str = "hello") -> dict[str, Any]:
    """Return a function behind a REST API and a stream mapping."""
    api, function = {"Ref": "Api"}, {"Fn::GetAtt": ["Echo", "Arn"]}
    uri = {"Fn::Join": ["", ["arn:aws:apigateway:ap-southeast-1:lambda:path/2015-03-31/functions/", function, "/invocations"]]}
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    every = {"Effect": "Allow", "Action": ["dynamodb:*"], "Resource": "*"}
    return {
        "Parameters": {
            "BootstrapVersion": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/cdk-bootstrap/hnb659fds/version"}
        },
        "Resources": {
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
                    "Policies": [
                        {"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": [every]}}
                    ],
                },
            },
            "Echo": {
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    "FunctionName": f"soms-{name}-echo",
                    "Handler": "app.handler",
                    "Runtime": "python3.11",
                    "Timeout": 20,
                    "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                    "Code": {"S3Bucket": ASSETS, "S3Key": code_key},
                    "Environment": {"Variables": {"GREETING": greeting}},
                },
            },
            "Follow": {
                "Type": "AWS::Lambda::EventSourceMapping",
                "Properties": {
                    "FunctionName": {"Ref": "Echo"},
                    "EventSourceArn": {"Fn::ImportValue": f"{name}:Stream"},
                    "StartingPosition": "TRIM_HORIZON",
                    "BatchSize": 100,
                },
            },
            "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": f"soms-{name}"}},
            "Authorizer": {
                "Type": "AWS::ApiGateway::Authorizer",
                "Properties": {
                    "Name": "people",
                    "RestApiId": api,
                    "Type": "COGNITO_USER_POOLS",
                    "IdentitySource": "method.request.header.Authorization",
                    "ProviderARNs": [{"Fn::ImportValue": f"{name}:PoolArn"}],
                },
            },
            "Root": {
                "Type": "AWS::ApiGateway::Method",
                "Properties": {
                    "RestApiId": api,
                    "ResourceId": {"Fn::GetAtt": ["Api", "RootResourceId"]},
                    "HttpMethod": "GET",
                    "AuthorizationType": "COGNITO_USER_POOLS",
                    "AuthorizerId": {"Ref": "Authorizer"},
                    "AuthorizationScopes": ["aws.cognito.signin.user.admin", "soms/sales"],
                    "Integration": {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": uri},
                },
            },
            "Permission": {
                "Type": "AWS::Lambda::Permission",
                "Properties": {
                    "FunctionName": function,
                    "Action": "lambda:InvokeFunction",
                    "Principal": "apigateway.amazonaws.com",
                },
            },
            "Release": {"Type": "AWS::ApiGateway::Deployment", "DependsOn": ["Root"], "Properties": {"RestApiId": api}},
            "Stage": {
                "Type": "AWS::ApiGateway::Stage",
                "Properties": {
                    "RestApiId": api,
                    "DeploymentId": {"Ref": "Release"},
                    "StageName": "v1",
                    "MethodSettings": [
                        {"ResourcePath": "/*", "HttpMethod": "*", "ThrottlingRateLimit": 7, "ThrottlingBurstLimit": 3}
                    ],
                },
            },
        },
        "Outputs": {"ApiId": {"Value": api}, "Function": {"Value": {"Ref": "Echo"}}, "Stage": {"Value": {"Ref": "Stage"}}},
    }


def write(folder: Path, *, version: int = 1, **changes: Any) -> Path:  # noqa: ANN401
    """Write an assembly of a data and an app stack; `changes` go to the templates."""
    folder.mkdir(parents=True, exist_ok=True)
    name = "sample"
    code = HANDLER.replace("__VERSION__", str(version))
    key = hashlib.sha256(code.encode()).hexdigest()
    (folder / f"asset.{key}").mkdir(exist_ok=True)
    (folder / f"asset.{key}" / "app.py").write_text(code)
    data = data_template(name=name, extra_table=changes.get("extra_table", False))
    app = app_template(f"{key}.zip", name=name, greeting=changes.get("greeting", "hello"))
    artifacts = {}
    for stack, template, assets, needs in (
        (f"soms-{name}-data", data, {}, []),
        (f"soms-{name}-app", app, {key: ("zip", f"asset.{key}", f"{key}.zip")}, [f"soms-{name}-data"]),
    ):
        _write_stack(folder, stack, template, assets)
        artifacts[stack] = {
            "type": "aws:cloudformation:stack",
            "properties": {"templateFile": f"{stack}.template.json"},
            "dependencies": needs,
        }
    (folder / "manifest.json").write_text(json.dumps({"version": "36.0.0", "artifacts": artifacts}))
    return folder


def _write_stack(folder: Path, stack: str, template: dict[str, Any], assets: dict[str, tuple[str, str, str]]) -> None:
    text = json.dumps(template)
    (folder / f"{stack}.template.json").write_text(text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    every = assets | {digest: ("file", f"{stack}.template.json", f"{digest}.json")}
    files = {
        key: {
            "source": {"packaging": packaging, "path": path},
            "destinations": {"current": {"bucketName": ASSETS, "objectKey": object_key}},
        }
        for key, (packaging, path, object_key) in every.items()
    }
    (folder / f"{stack}.assets.json").write_text(json.dumps({"files": files}))
