"""The template's stores are those that `registry tables create` and `registry bucket create` make."""

from registry.adapters.dynamodb.keys import TTL_ATTRIBUTE
from registry.adapters.dynamodb.table import _definition
from registry.adapters.s3 import bucket as s3_bucket
from tests.deploy.template import FOLDER, Json, load, resources


def _only(kind: str) -> Json:
    (properties,) = resources(kind).values()
    return properties


def test_the_table_is_the_one_that_the_code_defines() -> None:
    table = _only("AWS::DynamoDB::Table")
    wanted = {name: value for name, value in _definition("any").items() if name != "TableName"}
    assert {name: table[name] for name in wanted} == wanted
    assert table["TimeToLiveSpecification"] == {"AttributeName": TTL_ATTRIBUTE, "Enabled": True}


def test_the_table_is_encrypted_recoverable_and_kept() -> None:
    table = _only("AWS::DynamoDB::Table")
    assert table["SSESpecification"]["SSEEnabled"] is True
    assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert table["DeletionProtectionEnabled"] is True


def test_what_holds_data_survives_the_stack() -> None:
    for resource in load("registry.yaml")["Resources"].values():
        if resource["Type"] in ("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::Logs::LogGroup"):
            assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain"


def test_the_lifecycle_rules_are_those_of_the_code() -> None:
    parameters = load("registry.yaml")["Parameters"]
    template = {}
    for rule in _only("AWS::S3::Bucket")["LifecycleConfiguration"]["Rules"]:
        effect = {name: value for name, value in rule.items() if name != "Id"}
        if effect.pop("ExpiredObjectDeleteMarker", False):
            effect["Expiration"] = {"ExpiredObjectDeleteMarker": True}
        if "NoncurrentVersionExpiration" in effect:
            parameter = effect["NoncurrentVersionExpiration"]["NoncurrentDays"]["Ref"]
            effect["NoncurrentVersionExpiration"] = {"NoncurrentDays": parameters[parameter]["Default"]}
        template[rule["Id"]] = effect
    assert template == {rule.get("ID"): s3_bucket._effect(rule) for rule in s3_bucket._RULES}


def test_the_bucket_is_private_encrypted_and_versioned() -> None:
    bucket = _only("AWS::S3::Bucket")
    access = bucket["PublicAccessBlockConfiguration"]
    assert len(access) == 4
    assert all(access.values())
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    (encryption,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"


def test_the_bucket_refuses_what_is_not_tls_1_2() -> None:
    *statements, _edge = _only("AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]
    assert {statement["Effect"] for statement in statements} == {"Deny"}, "apart from the edge the policy only refuses"
    conditions = [statement["Condition"] for statement in statements]
    assert {"Bool": {"aws:SecureTransport": "false"}} in conditions
    assert {"NumericLessThan": {"s3:TlsVersion": "1.2"}} in conditions


def test_the_cache_speaks_tls_with_a_token() -> None:
    cache = _only("AWS::ElastiCache::ReplicationGroup")
    assert cache["TransitEncryptionEnabled"] is True
    assert cache["TransitEncryptionMode"] == "required"
    assert cache["AtRestEncryptionEnabled"] is True
    assert "resolve:secretsmanager" in cache["AuthToken"]["Fn::Sub"]
    assert resources("AWS::SecretsManager::Secret")["CacheUrl"]["SecretString"]["Fn::Sub"].startswith("rediss://")


def test_logs_end() -> None:
    assert all("RetentionInDays" in group for group in resources("AWS::Logs::LogGroup").values())


def test_the_template_is_small_enough() -> None:
    for path in FOLDER.glob("*.yaml"):
        assert path.stat().st_size <= 1_000_000, f"{path.name}: CloudFormation takes no more"
