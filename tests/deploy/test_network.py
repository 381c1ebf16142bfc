"""Who reaches what: TLS at the door, nothing else open, and a firewall that does not take packages for attacks."""

from tests.deploy.template import containers, load, resources, texts

MODERN_TLS = ("ELBSecurityPolicy-TLS13-1-2-",)


def test_clients_are_served_by_tls_1_2_or_newer_only() -> None:
    listeners = resources("AWS::ElasticLoadBalancingV2::Listener").values()
    by_port = {listener["Port"]: listener for listener in listeners}
    assert set(by_port) == {80, 443}
    assert by_port[443]["Protocol"] == "HTTPS"
    assert by_port[443]["SslPolicy"].startswith(MODERN_TLS)
    (action,) = by_port[80]["DefaultActions"]
    assert action["Type"] == "redirect"
    assert action["RedirectConfig"]["Protocol"] == "HTTPS"


def test_only_the_load_balancer_takes_addresses_from_outside() -> None:
    for name, group in resources("AWS::EC2::SecurityGroup").items():
        rules = group.get("SecurityGroupIngress", [])
        if name == "LoadBalancerGroup":
            without_front = [rule["Fn::If"][2] for rule in rules]
            assert {rule["FromPort"] for rule in without_front} == {80, 443}
        else:
            assert all("SourceSecurityGroupId" in rule and "CidrIp" not in rule for rule in rules), name


def test_x_forwarded_for_is_not_believed_from_everybody() -> None:
    environment = {entry["Name"]: entry["Value"] for entry in containers()["api"]["Environment"]}
    assert environment["REGISTRY_FORWARDED_ALLOW_IPS"] == {"Ref": "VpcCidr"}


def test_private_subnets_reach_the_stores_by_gateways() -> None:
    endpoints = resources("AWS::EC2::VPCEndpoint")
    assert {text.rsplit(".", 1)[-1] for endpoint in endpoints.values() for text in texts(endpoint["ServiceName"])} == {
        "s3",
        "dynamodb",
    }
    for endpoint in endpoints.values():
        assert [entry["Ref"] for entry in endpoint["RouteTableIds"]] == ["PrivateRoutesA", "PrivateRoutesB"]


def test_the_firewall_bounds_the_rate_and_lets_packages_through() -> None:
    (firewall,) = resources("AWS::WAFv2::WebACL").values()
    rules = {rule["Name"]: rule for rule in firewall["Rules"]}
    assert "Block" in rules["rate"]["Action"]
    assert rules["rate"]["Statement"]["RateBasedStatement"]["AggregateKeyType"] == "IP"
    counting = {
        override["Name"]
        for rule in rules.values()
        for override in rule["Statement"].get("ManagedRuleGroupStatement", {}).get("RuleActionOverrides", [])
        if override["ActionToUse"] == {"Count": {}}
    }
    assert "SizeRestrictions_BODY" in counting, "a package is larger than 8 KiB"
    assert {"CrossSiteScripting_BODY", "JavaDeserializationRCE_BODY", "RestrictedExtensions_URIPATH"} <= counting
    (association,) = resources("AWS::WAFv2::WebACLAssociation").values()
    assert association["ResourceArn"] == {"Ref": "LoadBalancer"}
    assert load("registry.yaml")["Resources"]["FirewallAssociation"]["Condition"] == "NoFront"


def test_metrics_stay_inside() -> None:
    (rule,) = resources("AWS::ElasticLoadBalancingV2::ListenerRule").values()
    assert rule["Conditions"][0]["PathPatternConfig"]["Values"] == ["/metrics"]
    assert rule["Actions"][0]["Type"] == "fixed-response"
