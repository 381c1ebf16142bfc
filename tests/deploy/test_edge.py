"""The distribution serves signed URLs of the bucket, and nothing else, over TLS 1.2 or newer."""

from urllib.parse import parse_qs, urlsplit

from registry.adapters.s3.blobs import PREFIX
from registry.adapters.s3.cloudfront import CloudFrontSigner
from tests.deploy.template import containers, load, resources
from tests.engines.edge import key_pair

NAME = "edge.yaml"
YEAR_SECONDS = 365 * 86_400


def test_only_signed_requests_are_served() -> None:
    (config,) = (each["DistributionConfig"] for each in resources("AWS::CloudFront::Distribution", NAME).values())
    behavior = config["DefaultCacheBehavior"]
    assert "CacheBehaviors" not in config
    assert behavior["TrustedKeyGroups"] == [{"Ref": "Keys"}]
    assert behavior["AllowedMethods"] == ["GET", "HEAD"]
    (keys,) = resources("AWS::CloudFront::KeyGroup", NAME).values()
    items = [entry["Fn::If"][:2] for entry in keys["KeyGroupConfig"]["Items"]]
    assert items == [["HasA", {"Ref": "KeyA"}], ["HasB", {"Ref": "KeyB"}]], "keys can be rotated"


def test_tls_is_1_2_or_newer() -> None:
    (config,) = (each["DistributionConfig"] for each in resources("AWS::CloudFront::Distribution", NAME).values())
    assert config["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"
    assert config["DefaultCacheBehavior"]["ViewerProtocolPolicy"] == "https-only"


def test_the_distribution_alone_reads_the_bucket() -> None:
    (access,) = resources("AWS::CloudFront::OriginAccessControl", NAME).values()
    assert access["OriginAccessControlConfig"]["SigningBehavior"] == "always"
    (policy,) = resources("AWS::S3::BucketPolicy").values()
    condition, edge, nothing = policy["PolicyDocument"]["Statement"][-1]["Fn::If"]
    assert (condition, nothing) == ("HasEdge", {"Ref": "AWS::NoValue"})
    assert (edge["Principal"], edge["Action"]) == ({"Service": "cloudfront.amazonaws.com"}, "s3:GetObject")
    assert edge["Resource"] == {"Fn::Sub": "${Bucket.Arn}/" + PREFIX + "*"}
    source = {"Fn::GetAtt": ["Edge", "Outputs.DistributionArn"]}
    assert edge["Condition"] == {"StringEquals": {"AWS:SourceArn": source}}


def test_an_object_is_kept_for_a_year_for_each_way_to_show_it() -> None:
    (config,) = (each["CachePolicyConfig"] for each in resources("AWS::CloudFront::CachePolicy", NAME).values())
    assert config["MinTTL"] == config["DefaultTTL"] == config["MaxTTL"] == YEAR_SECONDS
    key = config["ParametersInCacheKeyAndForwardedToOrigin"]
    private, _ = key_pair()
    signer = CloudFrontSigner("https://edge.example.org", key_id="K1", private_key=private, seconds=60)
    shown = {"response-content-disposition": "attachment", "response-content-type": "text/plain"}
    sent = set(parse_qs(urlsplit(signer.sign(PREFIX + "1", shown)).query))
    own = {"Expires", "Signature", "Key-Pair-Id", "Hash-Algorithm"}  # which CloudFront takes away
    assert set(key["QueryStringsConfig"]["QueryStrings"]) == sent - own == set(shown)


def test_the_api_signs_with_the_key_of_the_secret() -> None:
    api = containers()["api"]
    values = {entry["Name"]: entry["Value"] for entry in api["Environment"]}
    assert values["REGISTRY_CLOUDFRONT_URL"] == {"Fn::If": ["HasEdgeKey", {"Fn::Sub": "https://${EdgeName}"}, ""]}
    members = {}
    for entry in api["Secrets"]:
        if entry.get("Fn::If", [""])[0] == "HasEdgeKey":
            secret = entry["Fn::If"][1]
            members[secret["Name"]] = secret["ValueFrom"]["Fn::Sub"]
    assert members == {
        "REGISTRY_CLOUDFRONT_KEY_ID": "${EdgeKeySecretArn}:key_id::",
        "REGISTRY_CLOUDFRONT_PRIVATE_KEY": "${EdgeKeySecretArn}:private_key::",
    }
    assert {"EdgeAddress", "EdgeKeyIdA", "EdgeKeyIdB"} <= set(load("registry.yaml")["Outputs"])
