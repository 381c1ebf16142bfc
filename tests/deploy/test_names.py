"""Records and certificates in a zone of Route 53: both are optional, and each name leads to what serves it."""

import itertools
from typing import Any

import pytest

from tests.deploy.template import Json, load, resources

TEMPLATE = load("registry.yaml")
CHOICES = {
    "HostedZoneId": ("", "Z0EXAMPLE"),
    "RegistryName": ("", "registry.example.org"),
    "FrontName": ("", "registry.example.org"),
    "EdgeName": ("", "files.example.org"),
    "CertificateArn": ("", "arn:aws:acm:us-east-1:111122223333:certificate/a"),
    "EdgeCertificateArn": ("", "arn:aws:acm:us-east-1:111122223333:certificate/b"),
    "FrontPrefixListId": ("pl-1",),
    "AWS::Region": ("us-east-1", "eu-central-1"),
}
CLOUDFRONT_ZONE = "Z2FDTNDATAQYW2"  # the documented zone of every distribution


def _evaluated(value: Any, given: dict[str, str]) -> Any:
    """A condition's value, with these parameters."""
    if not isinstance(value, dict):
        return value
    ((function, of),) = value.items()
    match function:
        case "Ref":
            return given[of] if of in given else TEMPLATE["Parameters"][of].get("Default")
        case "Condition":
            return _evaluated(TEMPLATE["Conditions"][of], given)
        case "Fn::Equals":
            left, right = (_evaluated(each, given) for each in of)
            return left == right
        case "Fn::Not":
            return not _evaluated(of[0], given)
        case "Fn::And" | "Fn::Or":
            return (all if function == "Fn::And" else any)(_evaluated(each, given) for each in of)
        case "Fn::If":
            name, yes, no = of
            return _evaluated(yes if _evaluated({"Condition": name}, given) else no, given)
        case _:
            return value


def _accepted(given: dict[str, str]) -> bool:
    rules = (each for each in TEMPLATE["Rules"].values() if _evaluated(each.get("RuleCondition", True), given))
    return all(_evaluated(each["Assert"], given) for rule in rules for each in rule["Assertions"])


def _made(given: dict[str, str]) -> set[str]:
    """The resources that the stack has."""
    conditions = {name: each.get("Condition") for name, each in TEMPLATE["Resources"].items()}
    return {name for name, each in conditions.items() if each is None or _evaluated({"Condition": each}, given)}


ACCEPTED = [
    given
    for values in itertools.product(*CHOICES.values())
    if _accepted(given := dict(zip(CHOICES, values, strict=True)))
]


def _pick(**wanted: bool) -> list[dict[str, str]]:
    return [given for given in ACCEPTED if all(bool(given[name]) is is_set for name, is_set in wanted.items())]


def test_without_a_zone_there_are_no_records_and_certificates_are_given() -> None:
    for given in _pick(HostedZoneId=False):
        assert given["CertificateArn"]
        assert given["EdgeCertificateArn"] or not given["EdgeName"]
        assert _made(given).isdisjoint(
            {"Certificate", "EdgeCertificate", "BalancerRecord", "FrontRecords", "EdgeRecords"}
        )


@pytest.mark.parametrize(
    ("name", "resource", "target"),
    [
        ("RegistryName", "BalancerRecord", "LoadBalancer"),
        ("FrontName", "FrontRecords", "Front"),
        ("EdgeName", "EdgeRecords", "Edge"),
    ],
)
def test_with_a_zone_each_name_has_an_alias_of_what_serves_it(name: str, resource: str, target: str) -> None:
    record = TEMPLATE["Resources"][resource]["Properties"]
    assert record["HostedZoneId"] == {"Ref": "HostedZoneId"}
    for each in record.get("RecordSets", [record]):
        assert each["Name"] == {"Ref": name}
        assert each["AliasTarget"]["DNSName"]["Fn::GetAtt"][0] == target
    for given in _pick(HostedZoneId=True):
        served = name == "EdgeName" or (name == "FrontName") is bool(given["FrontName"])
        assert (resource in _made(given)) is (served and bool(given[name]))
        assert given["RegistryName"] or given["FrontName"]


def test_aliases_have_the_zone_and_the_address_families_of_their_target() -> None:
    for resource, template in (("FrontRecords", "front.yaml"), ("EdgeRecords", "edge.yaml")):
        (distribution,) = resources("AWS::CloudFront::Distribution", template).values()
        assert distribution["DistributionConfig"]["IPV6Enabled"]
        records = TEMPLATE["Resources"][resource]["Properties"]["RecordSets"]
        assert [each["Type"] for each in records] == ["A", "AAAA"]
        assert {str(each["AliasTarget"]["HostedZoneId"]) for each in records} == {
            str({"Fn::FindInMap": ["Zones", "CloudFront", "Id"]})
        }
    assert TEMPLATE["Mappings"]["Zones"]["CloudFront"]["Id"] == CLOUDFRONT_ZONE
    (balancer,) = resources("AWS::ElasticLoadBalancingV2::LoadBalancer").values()
    assert "IpAddressType" not in balancer, "IPv4 alone: no AAAA record"
    record = TEMPLATE["Resources"]["BalancerRecord"]["Properties"]
    assert record["Type"] == "A"
    assert record["AliasTarget"]["HostedZoneId"] == {"Fn::GetAtt": ["LoadBalancer", "CanonicalHostedZoneID"]}


def test_a_certificate_is_made_where_none_is_given() -> None:
    for given in _pick(HostedZoneId=True):
        assert ("Certificate" in _made(given)) is not bool(given["CertificateArn"])
        assert ("EdgeCertificate" in _made(given)) is (bool(given["EdgeName"]) and not given["EdgeCertificateArn"])


@pytest.mark.parametrize("resource", ["Certificate", "EdgeCertificate"])
def test_a_certificate_proves_its_own_name_in_the_zone(resource: str) -> None:
    certificate: Json = TEMPLATE["Resources"][resource]["Properties"]
    assert certificate["ValidationMethod"] == "DNS"
    (proof,) = certificate["DomainValidationOptions"]
    assert proof == {"DomainName": certificate["DomainName"], "HostedZoneId": {"Ref": "HostedZoneId"}}
    for given in _pick(HostedZoneId=True, FrontName=True):
        assert _evaluated(TEMPLATE["Resources"]["Certificate"]["Properties"]["DomainName"], given) == given["FrontName"]


def test_everything_that_speaks_tls_has_the_certificate() -> None:
    (listener,) = (each for each in resources("AWS::ElasticLoadBalancingV2::Listener").values() if each["Port"] == 443)
    stacks = resources("AWS::CloudFormation::Stack")
    made, given = {"Ref": "Certificate"}, {"Ref": "CertificateArn"}
    for value in (listener["Certificates"][0]["CertificateArn"], stacks["Front"]["Parameters"]["CertificateArn"]):
        assert value == {"Fn::If": ["NewCertificate", made, given]}
    assert stacks["Edge"]["Parameters"]["CertificateArn"] == {
        "Fn::If": ["NewEdgeCertificate", {"Ref": "EdgeCertificate"}, {"Ref": "EdgeCertificateArn"}]
    }


def test_cloudfront_s_certificates_are_made_in_us_east_1_alone() -> None:
    assert all(
        given["AWS::Region"] == "us-east-1" for given in ACCEPTED if _made(given) & {"EdgeCertificate", "FrontRecords"}
    )
