"""The policies of the template's roles as documents, and the calls that they allow."""

import itertools
from collections.abc import Iterator
from functools import cache
from typing import Any

from tests.deploy.template import Json, load
from tests.engines.aws_calls import LIBRARY, Call
from tests.engines.iam import ALLOWED, simulated

ROLES = ("ApiRole", "WorkerRole", "OperatorRole")
ACCOUNT, REGION, STACK = "123456789012", "us-east-1", "registry"
TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{STACK}-Table-1ABC"
BUCKET = "arn:aws:s3:::registry-bucket-1abc"
DISTRIBUTION = "E1ABCDEFGHIJKL"
RESOURCES = {
    "table": TABLE,
    "index": f"{TABLE}/index/GSI-Status-Created",
    "bucket": BUCKET,
    "object": f"{BUCKET}/b/1",
    "distribution": f"arn:aws:cloudfront::{ACCOUNT}:distribution/{DISTRIBUTION}",
}
_VALUES = {
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::StackName": STACK,
    "Table.Arn": TABLE,
    "Bucket.Arn": BUCKET,
    "Front.Outputs.DistributionId": DISTRIBUTION,
}
_CONDITIONS = {"HasFront": True, "HasRestoredTable": False}


def _resolved(value: Any) -> Any:
    """A value of the template with its functions carried out, for a stack with default parameters and a front."""
    if isinstance(value, list):
        return list(itertools.chain.from_iterable(_flat(_resolved(each)) for each in value))
    if not isinstance(value, dict):
        return value
    if "Ref" in value:
        return _VALUES[value["Ref"]]
    if "Fn::GetAtt" in value:
        return _VALUES[".".join(value["Fn::GetAtt"])]
    if "Fn::Sub" in value:
        text, own = value["Fn::Sub"] if isinstance(value["Fn::Sub"], list) else (value["Fn::Sub"], {})
        for name, found in (_VALUES | {name: _resolved(inner) for name, inner in own.items()}).items():
            text = text.replace("${" + name + "}", found)
        assert "${" not in text, text
        return text
    if "Fn::If" in value:
        condition, yes, no = value["Fn::If"]
        return _resolved(yes if _CONDITIONS[condition] else no)
    return {name: _resolved(inner) for name, inner in value.items()}


def _flat(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@cache
def policies(role: str) -> list[Json]:
    """Policy documents of a role, its managed ones included."""
    resources = load("registry.yaml")["Resources"]
    properties = resources[role]["Properties"]
    documents = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
    managed = [entry["Ref"] for entry in properties.get("ManagedPolicyArns", [])]
    documents += [resources[name]["Properties"]["PolicyDocument"] for name in managed]
    return [_resolved(document) for document in documents]


def allowed_actions(role: str) -> Iterator[str]:
    for document in policies(role):
        for statement in document["Statement"]:
            assert statement["Effect"] == "Allow"
            yield from _flat(statement["Action"])


def denied(calls: set[Call]) -> list[str]:
    """Of the recorded calls, those that IAM would not allow their role; `any` needs one role that may."""
    asked = [(call, role) for call in sorted(calls) for role in (ROLES if call[0] == LIBRARY else (call[0],))]
    answers = simulated(
        [
            {"action": action, "resource": RESOURCES[kind], "policies": policies(role)}
            for (_, action, kind), role in asked
        ]
    )
    by_call: dict[Call, list[str]] = {}
    for (call, _), answer in zip(asked, answers, strict=True):
        by_call.setdefault(call, []).append(answer)
    return [f"{' '.join(call)}: {found[0]}" for call, found in by_call.items() if ALLOWED not in found]
