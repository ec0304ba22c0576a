"""A small system in the form the CDK writes it, with the outputs of the real one, for tests of infra.local."""

import hashlib
import json
from pathlib import Path
from typing import Any

ASSETS = "cdk-hnb659fds-assets-000000000000-ap-southeast-1"
LAYER = "1a7e5"
DATA, APP = "soms-sample-data", "soms-sample-app"
LAMBDA = "arn:aws:apigateway:ap-southeast-1:lambda:path/2015-03-31/functions/"
HANDLER = """
import json, os, sys
import time
import boto3
import shared

class Misfortune(Exception):
    pass

def handler(event, context):
    if event.get("action") == "fail":
        raise Misfortune("as asked")
    if event.get("action") == "log":
        print("first line")
        print("last line")
    if event.get("action") == "linger":
        time.sleep(1)
        return {"worker": os.getpid(), "layer": os.path.realpath(shared.__file__)}
    if "requestContext" in event:
        return {"statusCode": 200, "body": json.dumps(event["requestContext"].get("authorizer") or {})}
    if "Records" in event:
        return {"batchItemFailures": [one for record in event["Records"] for one in follow(record["dynamodb"])]}
    return {"boto3": boto3.__file__, "environment": dict(os.environ), "version": VERSION}

def follow(record):
    sequence, fate = record["SequenceNumber"], record["NewImage"]["fate"]["S"]
    if fate == "fails":
        return [{"itemIdentifier": sequence}]
    if fate == "impossible":
        key = f"quarantine/echo/{os.environ['TODAY']}/{sequence}.json"
        kept = {"consumer": "echo", "record": {"dynamodb": record}}
        boto3.client("s3").put_object(
            Bucket=os.environ["FAILURES_BUCKET"], Key=key, Body=json.dumps(kept).encode()
        )
    return []

VERSION = __VERSION__
"""


def value_of(stack: str, output: str) -> dict[str, str]:
    """Return a reference to another stack's output."""
    return {"Fn::ImportValue": f"{stack}:{output}"}


def table(name: str) -> dict[str, Any]:
    """Return a table with everything that the engine drops."""
    replica = {
        "Region": "ap-southeast-1",
        "DeletionProtectionEnabled": True,
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        "SSESpecification": {"KMSMasterKeyId": {"Fn::GetAtt": ["Key", "Arn"]}},
    }
    properties = {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"},
        "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS"},
        "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": True},
        "Replicas": [replica],
    }
    return {"Type": "AWS::DynamoDB::GlobalTable", "Properties": properties}


def locked_bucket() -> dict[str, Any]:
    """Return a bucket with everything that the engine drops, which refuses plain HTTP."""
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Fn::GetAtt": ["Key", "Arn"]}}
    rules = [
        {"Id": "old", "Status": "Enabled", "ExpirationInDays": 90, "Prefix": "quarantine/"},
        {"Id": "parts", "Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}},
    ]
    properties = {
        "BucketName": "soms-sample-files",
        "VersioningConfiguration": {"Status": "Enabled"},
        "ObjectLockEnabled": True,
        "ObjectLockConfiguration": {
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}},
        },
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": default}]
        },
        "LifecycleConfiguration": {"Rules": rules},
    }
    return {"Type": "AWS::S3::Bucket", "Properties": properties}


def https_only(bucket: str) -> dict[str, Any]:
    """Return the policy that the CDK's `enforce_ssl` gives a bucket."""
    statement = {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "s3:*",
        "Resource": f"arn:aws:s3:::{bucket}/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    return {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": bucket, "PolicyDocument": policy}}


def pool() -> dict[str, Any]:
    """Return a user pool that demands TOTP, with its groups and clients."""
    of_pool = {"UserPoolId": {"Ref": "Pool"}}
    scopes = [{"ScopeName": "sales", "ScopeDescription": "sales"}]
    server = {"Identifier": "soms", "Name": "soms", "Scopes": scopes}
    flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    machine = {
        "ClientName": "machine",
        "GenerateSecret": True,
        "AllowedOAuthFlows": ["client_credentials"],
        "AllowedOAuthFlowsUserPoolClient": True,
        "AllowedOAuthScopes": ["soms/sales"],
    }
    itself = {
        "UserPoolName": "soms-sample",
        "MfaConfiguration": "ON",
        "EnabledMfas": ["SOFTWARE_TOKEN_MFA"],
        "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True},
    }
    client = {"ClientName": "people", "ExplicitAuthFlows": flows}
    cognito = "AWS::Cognito::UserPool"
    return {
        "Pool": {"Type": cognito, "Properties": itself},
        "GroupAdmin": {"Type": f"{cognito}Group", "Properties": of_pool | {"GroupName": "admin"}},
        "GroupSales": {"Type": f"{cognito}Group", "Properties": of_pool | {"GroupName": "sales"}},
        "Server": {"Type": f"{cognito}ResourceServer", "Properties": of_pool | server},
        "Client": {"Type": f"{cognito}Client", "Properties": of_pool | client},
        "Machine": {"Type": f"{cognito}Client", "DependsOn": ["Server"], "Properties": of_pool | machine},
    }


def data_template(*, more_tables: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the stack that holds something."""
    policy = {"Version": "2012-10-17", "Statement": []}
    resources = {
        "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": policy}},
        "Things": table("soms-sample-things"),
        "Files": locked_bucket(),
        "FilesPolicy": https_only("soms-sample-files"),
        "Failures": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "soms-sample-failures"}},
        **{f"More{name.title()}": table(f"soms-sample-{name}") for name in more_tables},
        **pool(),
    }
    outputs = {
        "UserPoolId": {"Ref": "Pool"},
        "UserPoolArn": {"Fn::GetAtt": ["Pool", "Arn"]},
        "UserClientId": {"Ref": "Client"},
        "MachineClientId": {"Ref": "Machine"},
        "JobsTable": {"Ref": "Things"},
        "StreamArn": {"Fn::GetAtt": ["Things", "StreamArn"]},
        "FilesBucket": {"Ref": "Files"},
        "FailuresBucket": {"Ref": "Failures"},
    }
    exported = {key: {"Value": value, "Export": {"Name": f"{DATA}:{key}"}} for key, value in outputs.items()}
    return {"Resources": resources, "Outputs": exported}


def role() -> dict[str, Any]:
    """Return the function's role, which may do everything in S3 and DynamoDB."""
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    every = {"Effect": "Allow", "Action": ["dynamodb:*", "s3:*"], "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [every]}
    properties = {
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
        "Policies": [{"PolicyName": "own", "PolicyDocument": document}],
    }
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def function(code_key: str, today: str) -> dict[str, Any]:
    """Return the function."""
    variables = {"TODAY": today, "FAILURES_BUCKET": value_of(DATA, "FailuresBucket")}
    properties = {
        "FunctionName": "soms-sample-echo",
        "Handler": "app.handler",
        "Runtime": "python3.11",
        "Timeout": 20,
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Code": {"S3Bucket": ASSETS, "S3Key": code_key},
        "Environment": {"Variables": variables},
        "Layers": [{"Ref": "Layer"}],
    }
    return {"Type": "AWS::Lambda::Function", "Properties": properties}


def api() -> dict[str, Any]:
    """Return a REST API whose /v1/things asks for a token and calls the function."""
    of_api, arn = {"RestApiId": {"Ref": "Api"}}, {"Fn::GetAtt": ["Echo", "Arn"]}
    gateway = "AWS::ApiGateway"
    uri = {"Fn::Join": ["", [LAMBDA, arn, "/invocations"]]}
    version = {"ParentId": {"Fn::GetAtt": ["Api", "RootResourceId"]}, "PathPart": "v1"}
    noun = {"ParentId": {"Ref": "Version"}, "PathPart": "things"}
    authorizer = {
        "Name": "people",
        "Type": "COGNITO_USER_POOLS",
        "IdentitySource": "method.request.header.Authorization",
        "ProviderARNs": [value_of(DATA, "UserPoolArn")],
    }
    method = {
        "ResourceId": {"Ref": "Noun"},
        "HttpMethod": "GET",
        "AuthorizationType": "COGNITO_USER_POOLS",
        "AuthorizerId": {"Ref": "Authorizer"},
        "AuthorizationScopes": ["aws.cognito.signin.user.admin", "soms/sales"],
        "Integration": {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": uri},
    }
    throttle = {
        "ResourcePath": "/*",
        "HttpMethod": "*",
        "ThrottlingRateLimit": 70,
        "ThrottlingBurstLimit": 30,
    }
    stage = {"DeploymentId": {"Ref": "Release"}, "StageName": "live", "MethodSettings": [throttle]}
    permission = {
        "FunctionName": arn,
        "Action": "lambda:InvokeFunction",
        "Principal": "apigateway.amazonaws.com",
    }
    return {
        "Api": {"Type": f"{gateway}::RestApi", "Properties": {"Name": "soms-sample"}},
        "Authorizer": {"Type": f"{gateway}::Authorizer", "Properties": of_api | authorizer},
        "Version": {"Type": f"{gateway}::Resource", "Properties": of_api | version},
        "Noun": {"Type": f"{gateway}::Resource", "Properties": of_api | noun},
        "Get": {"Type": f"{gateway}::Method", "Properties": of_api | method},
        "Permission": {"Type": "AWS::Lambda::Permission", "Properties": permission},
        "Release": {"Type": f"{gateway}::Deployment", "DependsOn": ["Get"], "Properties": of_api},
        "Stage": {"Type": f"{gateway}::Stage", "Properties": of_api | stage},
    }


def app_template(
    code_key: str, *, today: str = "2026-01-02", follows: str = "StreamArn", topic: str = "AWS::SNS::Topic"
) -> dict[str, Any]:
    """Return the stack that works."""
    follow = {
        "FunctionName": {"Ref": "Echo"},
        "EventSourceArn": value_of(DATA, follows),
        "StartingPosition": "TRIM_HORIZON",
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
    }
    layer = {"LayerName": "soms-sample", "Content": {"S3Bucket": ASSETS, "S3Key": f"{LAYER}.zip"}}
    resources = {
        "Role": role(),
        "Layer": {"Type": "AWS::Lambda::LayerVersion", "Properties": layer},
        "Echo": function(code_key, today),
        "Follow": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": follow},
        "Topic": {"Type": topic, "Properties": {"TopicName": "soms-sample-purchasing"}},
        **api(),
    }
    outputs = {
        "ApiId": {"Ref": "Api"},
        "ApiStage": {"Ref": "Stage"},
        "EchoFunction": {"Ref": "Echo"},
        "ReconcileFunction": {"Ref": "Echo"},
        "PurchasingTopicArn": {"Ref": "Topic"},
    }
    return {"Resources": resources, "Outputs": {key: {"Value": value} for key, value in outputs.items()}}


def write(folder: Path, *, version: int = 1, more_tables: tuple[str, ...] = (), **app: str) -> Path:
    """Write an assembly of both stacks and return its folder; the rest goes to the app's template."""
    code = HANDLER.replace("__VERSION__", str(version))
    key = hashlib.sha256(code.encode()).hexdigest()
    (folder / f"asset.{key}").mkdir(parents=True, exist_ok=True)
    (folder / f"asset.{key}" / "app.py").write_text(code)
    (folder / f"asset.{LAYER}" / "python").mkdir(parents=True, exist_ok=True)
    (folder / f"asset.{LAYER}" / "python" / "shared.py").write_text("")
    zipped = {each: {"packaging": "zip", "path": f"asset.{each}"} for each in (key, LAYER)}
    _write_stack(folder, DATA, data_template(more_tables=more_tables), {})
    _write_stack(folder, APP, app_template(f"{key}.zip", **app), zipped)
    artifacts = {
        name: {
            "type": "aws:cloudformation:stack",
            "properties": {"templateFile": f"{name}.template.json"},
            "dependencies": needs,
        }
        for name, needs in ((DATA, []), (APP, [DATA]))
    }
    (folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    return folder


def _write_stack(
    folder: Path, name: str, template: dict[str, Any], sources: dict[str, dict[str, str]]
) -> None:
    text = json.dumps(template)
    (folder / f"{name}.template.json").write_text(text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    sources = sources | {digest: {"packaging": "file", "path": f"{name}.template.json"}}
    endings = {"zip": "zip", "file": "json"}
    files = {
        key: {
            "source": source,
            "destinations": {
                "here": {"bucketName": ASSETS, "objectKey": f"{key}.{endings[source['packaging']]}"}
            },
        }
        for key, source in sources.items()
    }
    (folder / f"{name}.assets.json").write_text(json.dumps({"files": files}))
