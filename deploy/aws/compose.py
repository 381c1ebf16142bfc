"""The task definitions as a compose file: the tasks of AWS on one machine, with the engines of docker-compose.yml.

`python -m deploy.aws.compose` prints it, `docker compose --project-directory . -f - up` runs it. What differs from AWS:
addresses and secrets of the engines, which are this machine's, and no load balancer and no firewall.
"""

import sys
from typing import Any

import yaml

from deploy.aws.template import FOLDER, Json, found, load, resources

_LOCAL = FOLDER.parents[1] / "docker-compose.yml"
_ENGINES = ("dynamodb", "s3", "redis", "init")
_SERVICES = {"api": "ApiService", "worker": "WorkerService"}
_MIB = 1024 * 1024
_FIRST_PORT = 8000
"""Each api container has one of ten ports of this machine: there is no load balancer."""


def render() -> Json:
    """The compose document."""
    local = yaml.safe_load(_LOCAL.read_text(encoding="utf-8"))
    tasks = {task["ContainerDefinitions"][0]["Name"]: task for task in resources("AWS::ECS::TaskDefinition").values()}
    services = {name: local["services"][name] for name in _ENGINES}
    for name, logical in _SERVICES.items():
        services[name] = _service(tasks[name], resources("AWS::ECS::Service")[logical], local["services"][name])
    return {"name": "registry-aws", "services": services, "volumes": local["volumes"]}


def _service(task: Json, service: Json, local: Json) -> Json:
    (container,) = task["ContainerDefinitions"]
    (mount,) = container["MountPoints"]
    health = container["HealthCheck"]
    deployment = service["DeploymentConfiguration"]
    rendered: Json = {
        "image": local["image"],
        "build": local["build"],
        "command": container["Command"],
        "environment": {**_environment(container), **_of_this_machine(container, local["environment"])},
        "user": container["User"],
        "read_only": container["ReadonlyRootFilesystem"],
        "volumes": [mount["ContainerPath"]],  # without a name: each container has its own, as each task has
        "cap_drop": container["LinuxParameters"]["Capabilities"]["Drop"],
        "init": container["LinuxParameters"]["InitProcessEnabled"],
        "ulimits": {
            each["Name"]: {"soft": each["SoftLimit"], "hard": each["HardLimit"]} for each in container["Ulimits"]
        },
        "stop_signal": "SIGTERM",  # ECS's
        "stop_grace_period": f"{found(container['StopTimeout'])}s",
        "cpus": _number(task["Cpu"]) / 1024,
        "mem_limit": _number(task["Memory"]) * _MIB,
        "healthcheck": {
            "test": health["Command"],
            "interval": f"{health['Interval']}s",
            "timeout": f"{health['Timeout']}s",
            "retries": health["Retries"],
            "start_period": f"{health['StartPeriod']}s",
        },
        "deploy": {
            "replicas": _number(service["DesiredCount"]),
            # At least as many as before serve at each moment: a new one begins before an old one ends.
            "update_config": {"order": "start-first" if deployment["MinimumHealthyPercent"] >= 100 else "stop-first"},
        },
        "depends_on": local["depends_on"],
    }
    if container.get("PortMappings"):
        (port,) = container["PortMappings"]
        published = f"{_FIRST_PORT}-{_FIRST_PORT + 9}"
        rendered["ports"] = [{"target": port["ContainerPort"], "published": published, "host_ip": "127.0.0.1"}]
    return rendered


def _environment(container: Json) -> dict[str, str]:
    """The variables of the stack, with default parameters; names of what the stack makes are left out."""
    values = {entry["Name"]: _value(entry["Value"]) for entry in container["Environment"]}
    return {name: value for name, value in values.items() if value is not None}


def _of_this_machine(container: Json, local: Json) -> dict[str, str]:
    """Addresses and secrets of the local engines, where the task has its own from the stack."""
    given = {entry["Name"]: _value(entry["Value"]) for entry in container["Environment"]}
    secrets = [entry.get("Name") for entry in container["Secrets"]]  # those that depend on a parameter are not set
    named = {name for name, value in given.items() if value is None} | {name for name in secrets if name}
    engines = {name for name in local if name.startswith(("AWS_", "REGISTRY_DYNAMODB_", "REGISTRY_S3_"))}
    return {name: str(local[name]) for name in sorted(named | engines) if name in local}


def _value(value: Any) -> str | None:
    """With default parameters, as text; None for what only a stack can know."""
    if not isinstance(value, dict):
        return str(value)
    if "Fn::FindInMap" in value:
        return str(found(value))
    if "Fn::If" in value:
        return _value(value["Fn::If"][2])  # without what is optional
    if "Fn::Sub" in value and value["Fn::Sub"].endswith("/${AWS::StackName}"):
        return str(value["Fn::Sub"].replace("${AWS::StackName}", "local"))
    parameter = load("registry.yaml")["Parameters"].get(value.get("Ref", ""), {})
    default = parameter.get("Default")
    return None if default is None else str(default)


def _number(value: Any) -> int:
    text = _value(value)
    assert text is not None, value  # noqa: S101 - the template names a default
    return int(text)


if __name__ == "__main__":
    sys.stdout.write(yaml.safe_dump(render(), sort_keys=False))
