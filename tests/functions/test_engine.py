"""What the tests make faster in their engine still does what it did."""

import os

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.world import World


def test_a_transaction_that_is_refused_leaves_items_and_stream_as_they_were(world: World) -> None:
    sku = world.product()
    world.stock(sku, 10)
    table = os.environ["INVENTORY_TABLE"]
    dynamodb = boto3.client("dynamodb")
    held = dynamodb.scan(TableName=table)["Items"]
    key = {name: next(one for one in held if "available" in one)[name] for name in ("pk", "sk")}
    known = world.records("INVENTORY_TABLE")
    update = {
        "TableName": table,
        "Key": key,
        "UpdateExpression": "SET available = :none",
        "ExpressionAttributeValues": {":none": {"N": "0"}},
    }
    never = {"TableName": table, "Key": {"pk": {"S": "no"}, "sk": {"S": "no"}}}
    check = never | {"ConditionExpression": "attribute_exists(pk)"}

    with pytest.raises(ClientError):
        dynamodb.transact_write_items(TransactItems=[{"Update": update}, {"ConditionCheck": check}])

    assert dynamodb.scan(TableName=table)["Items"] == held
    assert world.records("INVENTORY_TABLE") == known
    assert known
    dynamodb.transact_write_items(TransactItems=[{"Update": update}])
    assert len(world.records("INVENTORY_TABLE")) == len(known) + 1
    assert world.on_shelf(sku)[2] == 0
