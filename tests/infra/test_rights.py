"""Who may do what: one role per function, actions spelled out on named resources."""

import json

import pytest
from soms.kit.access import ROUTES

from tests.infra.templates import FUNCTIONS, Synthesised, as_list, rights_in

CONSUMERS = ("stock", "invoicing", "ledger", "replenishment", "rendering", "settlement", "bookkeeping")
DOORS = tuple(ROUTES)


def test_every_folder_of_functions_is_deployed_and_nothing_else(dev: Synthesised) -> None:
    deployed = set(dev.functions())

    assert deployed == FUNCTIONS


def test_each_function_has_a_role_of_its_own(dev: Synthesised) -> None:
    roles = [dev.role_of(function) for function in dev.functions()]

    assert len(set(roles)) == len(roles)


def test_no_policy_names_every_action_or_every_resource(dev: Synthesised) -> None:
    policies = dev.of("AWS::IAM::Policy").values()

    for policy in policies:
        for right in rights_in(policy["PolicyDocument"]["Statement"]):
            assert "*" not in right.action
            assert right.resource != '"*"'


def test_stars_stand_only_for_object_names(dev: Synthesised) -> None:
    policies = dev.of("AWS::IAM::Policy").values()

    starred = {
        right.action
        for policy in policies
        for right in rights_in(policy["PolicyDocument"]["Statement"])
        if "*" in right.resource
    }

    assert starred == {"s3:GetObject", "s3:PutObject"}


def test_no_function_deletes_or_writes_without_a_condition(dev: Synthesised) -> None:
    given = {
        (function, right.action, right.table): json.loads(right.condition)
        for function in dev.functions()
        for right in dev.rights(function)
        if "Delete" in right.action or "BatchWrite" in right.action or "Bypass" in right.action
    }

    def under(*patterns: str) -> object:
        return {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": list(patterns)}}

    assert given == {
        ("customers", "dynamodb:DeleteItem", "customers"): under("term#*"),
        ("inventory", "dynamodb:DeleteItem", "inventory"): under("soft#*"),
        ("purchasing", "dynamodb:DeleteItem", "inventory"): under("incoming#*"),
        ("orders", "dynamodb:DeleteItem", "inventory"): under("soft#*"),
        ("stock", "dynamodb:DeleteItem", "inventory"): under("queue#*"),
        ("replenishment", "dynamodb:DeleteItem", "inventory"): under("queue#*"),
        ("stocktaking", "dynamodb:DeleteItem", "inventory"): under("incoming#*", "soft#*"),
        ("expiry", "dynamodb:DeleteItem", "inventory"): under("soft#*"),
    }


def test_only_the_proof_of_the_books_scans(dev: Synthesised) -> None:
    scanning = {
        function
        for function in dev.functions()
        for right in dev.rights(function)
        if right.action in {"dynamodb:Scan", "dynamodb:PartiQLSelect"}
    }

    assert scanning == {"reconcile"}


@pytest.mark.parametrize("table", ["journal", "documents", "movements"])
def test_what_is_written_once_is_never_updated(dev: Synthesised, table: str) -> None:
    updating = {
        function
        for function in dev.functions()
        for right in dev.rights(function)
        if right.table == table and right.action == "dynamodb:UpdateItem"
    }

    assert updating == set()


def test_documents_are_made_only_where_things_are_billed_paid_and_printed(dev: Synthesised) -> None:
    writing = {
        function: json.loads(right.condition)
        for function in dev.functions()
        for right in dev.rights(function)
        if right.table == "documents" and right.action == "dynamodb:PutItem"
    }

    papers = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["pap_*"]}}
    makers = ("invoicing", "rendering", "settlement", "payments", "reconciliation", "apply", "billing")
    printers = ("orders", "customers", "receivables", "dunning")
    assert writing == {name: {} for name in makers} | dict.fromkeys(printers, papers)


def test_a_door_adds_nothing_to_the_catalog_but_the_key_of_cursors(dev: Synthesised) -> None:
    for door in set(DOORS) - {"catalog"}:
        conditions = {
            right.condition
            for right in dev.rights(door)
            if right.table == "catalog" and right.action in {"dynamodb:PutItem", "dynamodb:UpdateItem"}
        }

        # Inventory says of a product into how many shards its stock is split.
        products = [{"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["product#*"]}}]
        assert sorted((json.loads(each) for each in conditions), key=str) == [
            {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["cursor-key"]}},
            *(products if door == "inventory" else []),
        ]


def test_indexes_are_read_by_name_and_only_by_query(dev: Synthesised) -> None:
    on_indexes = [
        right for function in dev.functions() for right in dev.rights(function) if "/index/" in right.resource
    ]

    assert {right.action for right in on_indexes} == {"dynamodb:Query"}
    assert not [right for right in on_indexes if "/index/*" in right.resource]


def test_a_function_is_told_the_name_of_every_table_it_may_touch_and_of_no_other(dev: Synthesised) -> None:
    streams = {
        "dynamodb:DescribeStream",
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
        "dynamodb:ListStreams",
    }
    for name, function in dev.functions().items():
        told = {
            key.removesuffix("_TABLE")
            for key in function["Environment"]["Variables"]
            if key.endswith("_TABLE")
        }

        touched = {
            right.table.upper() for right in dev.rights(name) if right.table and right.action not in streams
        }

        assert told == touched, name


def test_the_key_is_used_through_one_service_at_a_time(dev: Synthesised) -> None:
    for function in dev.functions():
        for right in dev.rights(function):
            if right.action.startswith("kms:"):
                assert "kms:ViaService" in right.condition, function


def test_consumers_quarantine_under_their_own_names(dev: Synthesised) -> None:
    for consumer in CONSUMERS:
        folders = {
            right.resource
            for right in dev.rights(consumer)
            if right.action == "s3:PutObject" and "quarantine" in right.resource
        }

        assert len(folders) == 1
        assert f"/quarantine/{consumer}/*" in folders.pop()


def test_functions_invoke_only_whom_they_name(dev: Synthesised) -> None:
    invoking = {
        function: {
            right.resource for right in dev.rights(function) if right.action == "lambda:InvokeFunction"
        }
        for function in dev.functions()
    }

    assert {function for function, whom in invoking.items() if whom} == {
        *("integrations", "reconcile", "transfers", "apply"),
    }
    assert invoking["integrations"] == {_arn(dev, "reconcile")}
    assert invoking["transfers"] == {_arn(dev, "intake"), _arn(dev, "apply")}
    assert invoking["apply"] == {_arn(dev, "apply")}
    assert invoking["reconcile"] == {_arn(dev, consumer) for consumer in CONSUMERS}


def test_who_works_on_uploads_reads_and_writes_no_more_of_them_than_he_must(dev: Synthesised) -> None:
    def touches(function: str) -> set[tuple[str, str]]:
        return {
            (right.action.removeprefix("s3:"), json.loads(right.resource)["Fn::Join"][1][-1])
            for right in dev.rights(function)
            if right.action.startswith("s3:") and "BucketsUploads" in right.resource
        }

    uploaded, rows, errors = "/imports/*/upload", "/imports/*/lines-*", "/imports/*/errors.csv"
    assert touches("transfers") == {("PutObject", uploaded), ("GetObject", rows), ("GetObject", errors)}
    assert touches("intake") == {("GetObject", uploaded), ("PutObject", rows), ("PutObject", errors)}
    assert touches("apply") == {("GetObject", rows), ("PutObject", errors)}


def test_who_reads_a_file_writes_its_job_and_no_other_table(dev: Synthesised) -> None:
    tables = {(right.table, right.action) for right in dev.rights("intake") if right.table}

    assert tables == {("jobs", "dynamodb:GetItem"), ("jobs", "dynamodb:UpdateItem")}


def test_a_finance_reader_lists_and_reads_documents_and_nothing_else(dev: Synthesised) -> None:
    roles = dev.of("AWS::IAM::Role")
    role = next(name for name, each in roles.items() if each.get("RoleName") == "soms-dev-finance-reader")

    statements = dev.statements(role)

    assert {right.action for right in rights_in(statements)} == {
        "s3:ListBucket",
        "s3:GetObject",
        "kms:Decrypt",
    }
    for right in rights_in(statements):
        if right.action == "s3:ListBucket":
            assert json.loads(right.condition) == {"StringLike": {"s3:prefix": ["invoices/*", "papers/*"]}}
        if right.action == "s3:GetObject":
            assert any(f'"/{folder}/*"' in right.resource for folder in ("invoices", "papers"))
            assert "BucketsDocuments" in right.resource
        if right.action == "kms:Decrypt":
            assert '"s3.ap-southeast-1.amazonaws.com"' in right.condition
    assert "ManagedPolicyArns" not in roles[role]


def test_managed_policies_are_only_where_a_service_asks_for_its_own(dev: Synthesised) -> None:
    roles = dev.of("AWS::IAM::Role").values()

    asked_by = {
        statement["Principal"]["Service"]
        for role in roles
        if role.get("ManagedPolicyArns")
        for statement in as_list(role["AssumeRolePolicyDocument"]["Statement"])
    }

    assert asked_by == {"apigateway.amazonaws.com", "backup.amazonaws.com"}


def _arn(stage: Synthesised, function: str) -> str:
    return json.dumps({"Fn::GetAtt": [stage.logical_name(function), "Arn"]})
