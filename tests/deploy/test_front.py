"""CloudFront in front of the API: what tells callers apart is in the key, and nothing else reaches the origin."""

from typing import Any

from registry.api.caching import begin_caching
from registry.domain.edges import TAG_HEADER
from registry.web.sessions import COOKIE
from tests.deploy.template import Json, containers, load, resources

NAME = "front.yaml"
YEAR_SECONDS = 365 * 86_400


def _distribution() -> Json:
    (properties,) = resources("AWS::CloudFront::Distribution", NAME).values()
    config: Json = properties["DistributionConfig"]
    return config


def _with_front(value: Json) -> Any:
    condition, yes, _ = value["Fn::If"]
    assert condition == "HasFront"
    return yes


def test_what_tells_callers_apart_is_in_the_key() -> None:
    """Every header of `Vary`, the session's cookie, and the whole query."""
    (policy,) = (each["CachePolicyConfig"] for each in resources("AWS::CloudFront::CachePolicy", NAME).values())
    key = policy["ParametersInCacheKeyAndForwardedToOrigin"]
    caching = begin_caching({})
    caching.by_caller = True
    vary = dict(caching.headers(200, chosen=False))[b"vary"].decode()
    assert set(key["HeadersConfig"]["Headers"]) == set(vary.split(", "))
    assert key["CookiesConfig"]["Cookies"] == [COOKIE]
    assert key["QueryStringsConfig"] == {"QueryStringBehavior": "all"}
    assert not key["EnableAcceptEncodingGzip"]


def test_the_registry_alone_says_how_long_a_response_is_kept() -> None:
    (policy,) = (each["CachePolicyConfig"] for each in resources("AWS::CloudFront::CachePolicy", NAME).values())
    # With a least time above 0 edges would keep private and no-store responses as well.
    assert (policy["MinTTL"], policy["DefaultTTL"], policy["MaxTTL"]) == (0, 0, YEAR_SECONDS)
    caching = begin_caching({})
    caching.by_caller = caching.anonymous = True
    assert b"stale-while-revalidate" in dict(caching.headers(200, chosen=False))[b"cache-control"]
    caching.anonymous = False
    assert dict(caching.headers(200, chosen=False))[b"cache-control"] == b"private, no-cache"
    caching.anonymous = caching.immutable = True
    assert f"max-age={YEAR_SECONDS}, immutable".encode() in dict(caching.headers(200, chosen=False))[b"cache-control"]


def test_errors_are_not_kept() -> None:
    kept = {entry["ErrorCode"]: entry["ErrorCachingMinTTL"] for entry in _distribution()["CustomErrorResponses"]}
    # All for which CloudFront lets the time be set.
    assert set(kept) == {400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504}
    assert set(kept.values()) == {0}


def test_everything_a_client_sends_reaches_the_api() -> None:
    behavior = _distribution()["DefaultCacheBehavior"]
    assert set(behavior["AllowedMethods"]) == {"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"}
    assert behavior["CachedMethods"] == ["GET", "HEAD"]
    assert behavior["Compress"] is False
    (policy,) = resources("AWS::CloudFront::OriginRequestPolicy", NAME).values()
    config = policy["OriginRequestPolicyConfig"]
    assert config["HeadersConfig"]["HeaderBehavior"] == "allViewerAndWhitelistCloudFront"
    assert config["CookiesConfig"] == {"CookieBehavior": "all"}
    assert config["QueryStringsConfig"] == {"QueryStringBehavior": "all"}


def test_edges_read_the_tags_that_the_api_sends() -> None:
    assert _distribution()["CacheTagConfig"] == {"HeaderName": TAG_HEADER}
    environment = {entry["Name"]: entry["Value"] for entry in containers()["api"]["Environment"]}
    assert _with_front(environment["REGISTRY_EDGE_DISTRIBUTION_ID"]) == {
        "Fn::GetAtt": ["Front", "Outputs.DistributionId"]
    }


def test_the_client_s_address_is_the_one_that_cloudfront_saw() -> None:
    environment = {entry["Name"]: entry["Value"] for entry in containers()["api"]["Environment"]}
    (policy,) = resources("AWS::CloudFront::OriginRequestPolicy", NAME).values()
    (header,) = policy["OriginRequestPolicyConfig"]["HeadersConfig"]["Headers"]
    assert _with_front(environment["REGISTRY_CLIENT_ADDRESS_HEADER"]) == header


def test_cloudfront_alone_reaches_the_load_balancer() -> None:
    (origin,) = _distribution()["Origins"]
    assert origin["VpcOriginConfig"]["VpcOriginId"] == {"Fn::GetAtt": ["Origin", "Id"]}
    (vpc_origin,) = resources("AWS::CloudFront::VpcOrigin", NAME).values()
    endpoint = vpc_origin["VpcOriginEndpointConfig"]
    assert (endpoint["OriginProtocolPolicy"], endpoint["OriginSSLProtocols"]) == ("https-only", ["TLSv1.2"])
    (balancer,) = resources("AWS::ElasticLoadBalancingV2::LoadBalancer").values()
    assert _with_front(balancer["Scheme"]) == "internal"
    ingress = [
        _with_front(rule) for rule in resources("AWS::EC2::SecurityGroup")["LoadBalancerGroup"]["SecurityGroupIngress"]
    ]
    https, redirect = ingress
    assert https["SourcePrefixListId"] == {"Ref": "FrontPrefixListId"}
    assert "CidrIp" not in https
    assert redirect == {"Ref": "AWS::NoValue"}


def test_the_firewall_stands_where_clients_are_seen() -> None:
    (firewall,) = resources("AWS::WAFv2::WebACL").values()
    assert firewall["Scope"] == {"Fn::If": ["HasFront", "CLOUDFRONT", "REGIONAL"]}
    front = resources("AWS::CloudFormation::Stack")["Front"]
    assert front["Parameters"]["FirewallArn"] == {"Fn::GetAtt": ["Firewall", "Arn"]}
    assert _distribution()["WebACLId"] == {"Ref": "FirewallArn"}
    asserted = [each["Assert"] for each in load("registry.yaml")["Rules"]["Front"]["Assertions"]]
    assert {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]} in asserted


def test_tls_is_1_2_or_newer() -> None:
    assert _distribution()["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"
    assert _distribution()["DefaultCacheBehavior"]["ViewerProtocolPolicy"] == "redirect-to-https"
