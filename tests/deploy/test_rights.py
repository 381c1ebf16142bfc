"""Roles may make the calls that the code makes, and no others."""

from collections.abc import Iterator

import pytest

from tests.deploy.template import Json, load, sdk_calls

# What IAM asks for each method of the SDK's client, by the service's authorization reference.
_WRITE = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:ConditionCheckItem"}
DYNAMODB = {
    "batch_get_item": {"dynamodb:BatchGetItem"},
    "batch_write_item": {"dynamodb:BatchWriteItem"},
    "create_table": {"dynamodb:CreateTable"},
    "describe_table": {"dynamodb:DescribeTable"},
    "describe_time_to_live": {"dynamodb:DescribeTimeToLive"},
    "get_item": {"dynamodb:GetItem"},
    "query": {"dynamodb:Query"},
    "scan": {"dynamodb:Scan"},
    "transact_write_items": _WRITE,
    "update_item": {"dynamodb:UpdateItem"},
    "update_table": {"dynamodb:UpdateTable"},
    "update_time_to_live": {"dynamodb:UpdateTimeToLive"},
}
S3 = {
    "abort_multipart_upload": {"s3:AbortMultipartUpload"},
    "complete_multipart_upload": {"s3:PutObject"},
    "create_bucket": {"s3:CreateBucket"},
    "create_multipart_upload": {"s3:PutObject"},
    "delete_object": {"s3:DeleteObject"},
    "get_bucket_lifecycle_configuration": {"s3:GetLifecycleConfiguration"},
    "get_bucket_versioning": {"s3:GetBucketVersioning"},
    "get_object": {"s3:GetObject"},
    "get_public_access_block": {"s3:GetBucketPublicAccessBlock"},
    "head_bucket": {"s3:ListBucket"},
    "head_object": {"s3:GetObject"},
    "list_multipart_uploads": {"s3:ListBucketMultipartUploads"},
    "list_objects_v2": {"s3:ListBucket"},
    "list_parts": {"s3:ListMultipartUploadParts"},
    "put_bucket_lifecycle_configuration": {"s3:PutLifecycleConfiguration"},
    "put_bucket_versioning": {"s3:PutBucketVersioning"},
    "put_object": {"s3:PutObject"},
    "put_public_access_block": {"s3:PutBucketPublicAccessBlock"},
    "upload_part": {"s3:PutObject"},
    "upload_part_copy": {"s3:GetObject", "s3:PutObject"},
}
CLOUDFRONT = {"create_invalidation": {"cloudfront:CreateInvalidation"}}
# Of the operator alone: what the runbook and the README do by `aws`, not by `registry`.
EXTRA = {
    "dynamodb:DescribeContinuousBackups": "how far back a restore can go",
    "dynamodb:RestoreTableToPointInTime": "restore",
    "dynamodb:UpdateContinuousBackups": "a restored table has no point-in-time recovery until it is turned on",
    "s3:DeleteObjectVersion": "restore: removing a delete marker brings the bytes back",
    "s3:GetObjectVersion": "restore: reading bytes that were replaced or deleted",
    "s3:ListBucketVersions": "restore: finding them",
}
ADMINISTRATION = {"CreateTable", "CreateBucket", "UpdateTimeToLive", "DescribeTable"}


def _statements(role: str) -> Iterator[Json]:
    resources = load("registry.yaml")["Resources"]
    properties = resources[role]["Properties"]
    for policy in properties.get("Policies", []):
        yield from policy["PolicyDocument"]["Statement"]
    for managed in properties.get("ManagedPolicyArns", []):
        yield from resources[managed["Ref"]]["Properties"]["PolicyDocument"]["Statement"]


def _allowed(role: str) -> set[str]:
    actions = set()
    for statement in _statements(role):
        assert statement["Effect"] == "Allow"
        actions |= {statement["Action"]} if isinstance(statement["Action"], str) else set(statement["Action"])
    return actions


def test_every_call_of_the_code_is_known_here() -> None:
    assert sdk_calls("dynamodb") == set(DYNAMODB)
    assert sdk_calls("s3") == set(S3)
    assert sdk_calls("cloudfront") == set(CLOUDFRONT)


def test_the_roles_together_may_do_what_the_code_does_and_nothing_else() -> None:
    needed = set().union(*DYNAMODB.values(), *S3.values(), *CLOUDFRONT.values())
    allowed = _allowed("ApiRole") | _allowed("WorkerRole") | _allowed("OperatorRole")
    assert allowed - needed == set(EXTRA), "allowed, and not called: give a reason in EXTRA or take it away"
    assert needed - allowed == set()


def test_the_operator_may_restore_under_a_new_name() -> None:
    # What a restore asks for on the new table, by DynamoDB's documentation.
    asked = {"BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem"}
    (statement,) = [
        each for each in _statements("OperatorRole") if "dynamodb:RestoreTableToPointInTime" in each["Action"]
    ]
    assert {f"dynamodb:{name}" for name in asked} <= set(statement["Action"])
    assert statement["Resource"][0]["Fn::Sub"].endswith("table/${AWS::StackName}-*")


def test_servers_may_not_administer() -> None:
    for role in ("ApiRole", "WorkerRole"):
        allowed = {action.split(":")[1] for action in _allowed(role)}
        assert not allowed & ADMINISTRATION
        assert not {action for action in allowed if action.startswith(("PutBucket", "PutLifecycle"))}
        assert not _allowed(role) & set(EXTRA)


def test_a_worker_stores_what_it_makes_and_looks_for_nothing() -> None:
    assert {action for action in _allowed("WorkerRole") if action.startswith("s3:")} == {
        "s3:AbortMultipartUpload",
        "s3:DeleteObject",
        "s3:GetObject",
        "s3:ListBucket",
        "s3:PutObject",
    }
    assert "dynamodb:Scan" not in _allowed("WorkerRole")


def test_the_api_alone_invalidates_and_at_its_own_distribution() -> None:
    assert [
        role for role in ("ApiRole", "WorkerRole", "OperatorRole") if "cloudfront:CreateInvalidation" in _allowed(role)
    ] == ["ApiRole"]
    (statement,) = [each for each in _statements("ApiRole") if each["Action"] == "cloudfront:CreateInvalidation"]
    text, values = statement["Resource"]["Fn::Sub"]
    assert text == "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Id}"
    assert values["Id"]["Fn::If"] == ["HasFront", {"Fn::GetAtt": ["Front", "Outputs.DistributionId"]}, "none"]


@pytest.mark.parametrize("role", ["ExecutionRole", "ApiRole", "WorkerRole", "OperatorRole"])
def test_no_role_has_wildcards(role: str) -> None:
    for statement in _statements(role):
        assert "*" not in str(statement["Action"])
        if statement["Action"] != "ecr:GetAuthorizationToken":  # which knows no resource
            assert statement["Resource"] != "*"


def test_each_task_has_its_own_role() -> None:
    resources = load("registry.yaml")["Resources"]
    roles = {
        name: resource["Properties"]["TaskRoleArn"]["Fn::GetAtt"][0]
        for name, resource in resources.items()
        if resource["Type"] == "AWS::ECS::TaskDefinition"
    }
    assert roles == {"ApiTask": "ApiRole", "WorkerTask": "WorkerRole", "OperatorTask": "OperatorRole"}
