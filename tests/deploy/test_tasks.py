"""Task definitions: settings that exist, no secret in the open, and times that fit each other."""

import pytest

from registry.cli.serving import CUT_OFF_SECONDS
from registry.settings import PREFIX, Settings
from tests.deploy.template import ROOT, Json, containers, found, load, resources

SECRET_WORDS = ("SECRET", "PASSWORD", "TOKEN", "KEY", "REDIS_URL")
MOST_STOP_SECONDS = 120  # of Fargate


@pytest.fixture(params=sorted(containers()))
def container(request: pytest.FixtureRequest) -> Json:
    return containers()[request.param]


def _secrets(container: Json) -> list[Json]:
    return [entry["Fn::If"][1] if "Fn::If" in entry else entry for entry in container["Secrets"]]


def test_every_variable_is_a_setting(container: Json) -> None:
    names = [entry["Name"] for entry in container["Environment"] + _secrets(container)]
    assert len(names) == len(set(names))
    unknown = {name for name in names if name.startswith(PREFIX)} - {PREFIX + n.upper() for n in Settings.model_fields}
    assert not unknown
    assert {name for name in names if not name.startswith(PREFIX)} == {"AWS_DEFAULT_REGION", "TMPDIR"}


def test_secrets_come_from_secrets_manager(container: Json) -> None:
    secret = {PREFIX + n.upper() for n, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)}
    plain = {entry["Name"] for entry in container["Environment"]}
    assert not plain & secret
    assert not [name for name in plain if any(word in name for word in SECRET_WORDS)]
    given = {entry["Name"] for entry in _secrets(container)}
    # Without a key of its own the audit log would be signed by a key made from the one that is rotated.
    needed = {"REGISTRY_JWT_SECRET", "REGISTRY_AUDIT_KEY", "REGISTRY_ADMIN_PASSWORD", "REGISTRY_REDIS_URL"}
    assert needed <= given <= secret | {"REGISTRY_CLOUDFRONT_KEY_ID"}  # which changes together with its key


def test_the_stack_makes_settings_that_start(container: Json, monkeypatch: pytest.MonkeyPatch) -> None:
    values = {
        entry["Name"]: entry["Value"] if isinstance(entry["Value"], str) else resolved(entry["Value"])
        for entry in container["Environment"]
        if entry["Name"].startswith(PREFIX)
    }
    for name in _secrets(container):
        values[name["Name"]] = "rediss://:token@cache:6379/0" if "REDIS" in name["Name"] else "x" * 64
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    settings = Settings(_env_file=None)
    assert not settings.embedded


def resolved(value: Json) -> str:
    if "Fn::FindInMap" in value:
        mapping, first, second = value["Fn::FindInMap"]
        first = load("registry.yaml")["Parameters"][first["Ref"]]["Default"] if isinstance(first, dict) else first
        return str(load("registry.yaml")["Mappings"][mapping][first][second])
    if "Fn::If" in value:
        return str(value["Fn::If"][2])  # with default parameters
    parameter = load("registry.yaml")["Parameters"].get(value.get("Ref", ""), {})
    return str(parameter.get("Default", "name"))


def test_the_container_writes_to_the_image_s_volume_only(container: Json) -> None:
    assert container["ReadonlyRootFilesystem"] is True
    assert container["User"] == "10001:10001"
    assert container["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}
    (mount,) = container["MountPoints"]
    # ECS mounts a volume as root's, unless the image declares it: then it keeps the owner that the image gave it.
    assert f"VOLUME {mount['ContainerPath']}" in (ROOT / "docker" / "Dockerfile").read_text()
    environment = {entry["Name"]: entry["Value"] for entry in container["Environment"]}
    assert environment["TMPDIR"] == mount["ContainerPath"]
    assert environment["REGISTRY_DATA_DIR"].startswith(mount["ContainerPath"] + "/")


def test_a_container_is_killed_after_the_server_has_ended(container: Json) -> None:
    environment = {entry["Name"]: entry["Value"] for entry in container["Environment"]}
    defaults = Settings(_env_file=None)
    leave = _seconds(environment.get("REGISTRY_LEAVE_SECONDS"), defaults.leave_seconds)
    finish = _seconds(environment.get("REGISTRY_STOP_SECONDS"), defaults.stop_seconds)
    stop = found(container["StopTimeout"])
    assert isinstance(stop, int)
    assert leave + finish + CUT_OFF_SECONDS < stop <= MOST_STOP_SECONDS


def _seconds(value: Json | None, default: int) -> int:
    return default if value is None else int(str(found(value)))


def _attributes(kind: str, member: str) -> dict[str, int]:
    (properties,) = resources(kind).values()
    attributes = {}
    for entry in properties[member]:
        value = found(entry["Value"]) if isinstance(entry["Value"], dict) else entry["Value"]
        if str(value).isdigit():
            attributes[entry["Key"]] = int(str(value))
    return attributes


def test_requests_end_before_their_task_does() -> None:
    target = _attributes("AWS::ElasticLoadBalancingV2::TargetGroup", "TargetGroupAttributes")
    stop = found(containers()["api"]["StopTimeout"])
    assert isinstance(stop, int)
    assert target["deregistration_delay.timeout_seconds"] >= stop, "ECS stops a task once it is deregistered"


def test_the_server_keeps_connections_longer_than_the_load_balancer() -> None:
    balancer = _attributes("AWS::ElasticLoadBalancingV2::LoadBalancer", "LoadBalancerAttributes")
    environment = {entry["Name"]: entry["Value"] for entry in containers()["api"]["Environment"]}
    keep_alive_seconds = int(str(found(environment["REGISTRY_KEEP_ALIVE_SECONDS"])))
    assert keep_alive_seconds > balancer["idle_timeout.timeout_seconds"], "else the load balancer answers 502"
    assert balancer["idle_timeout.timeout_seconds"] > Settings(_env_file=None).upload_idle_seconds


def test_services_roll_back_what_does_not_start() -> None:
    services = resources("AWS::ECS::Service")
    assert set(services) == {"ApiService", "WorkerService"}
    for service in services.values():
        deployment = service["DeploymentConfiguration"]
        assert deployment["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
        assert (deployment["MinimumHealthyPercent"], deployment["MaximumPercent"]) == (100, 200)
        assert service["NetworkConfiguration"]["AwsvpcConfiguration"]["AssignPublicIp"] == "DISABLED"


def test_both_services_scale() -> None:
    targets = resources("AWS::ApplicationAutoScaling::ScalableTarget")
    policies = resources("AWS::ApplicationAutoScaling::ScalingPolicy").values()
    assert {policy["ScalingTargetId"]["Ref"] for policy in policies} == set(targets) == {"ApiScaling", "WorkerScaling"}
    for policy in policies:
        tracking = policy["TargetTrackingScalingPolicyConfiguration"]
        assert 0 < tracking["ScaleOutCooldown"] <= tracking["ScaleInCooldown"]
