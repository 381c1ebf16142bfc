"""The compose file that is made of the task definitions: one by the Compose Specification, with what the tasks say."""

import re

import pytest
import yaml
from compose_spec import PyCompose

from deploy.aws.compose import render
from deploy.aws.template import Json, found, load, resources
from registry.settings import PREFIX, Settings
from tests.deploy.template import containers

SERVICES = ("api", "worker")


@pytest.fixture(scope="module")
def document() -> Json:
    return render()


def _read(document: Json) -> PyCompose:
    """The document as compose reads it: variables that are not set have their defaults. Raises ValueError."""
    text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", yaml.safe_dump(document, sort_keys=False))
    read = PyCompose.from_yaml(text)
    read.validate()
    return read


def test_it_is_a_compose_file(document: Json) -> None:
    assert set(_read(document).service_names()) == {*SERVICES, "dynamodb", "s3", "redis", "init"}


@pytest.mark.parametrize(
    "mistake",
    [{"stop_grace_periods": "1s"}, {"stop_grace_period": "soon"}, {"init": "perhaps"}, {"healthcheck": {"test": 5}}],
)
def test_what_is_no_compose_file_is_refused(document: Json, mistake: Json) -> None:
    services = {**document["services"], "api": {**document["services"]["api"], **mistake}}
    with pytest.raises(ValueError, match=r"services\.api"):
        _read({**document, "services": services})


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_what_its_task_definition_says(document: Json, name: str) -> None:
    service, container = document["services"][name], containers()[name]
    assert service["command"] == container["Command"]
    assert service["stop_grace_period"] == f"{found(container['StopTimeout'])}s"
    assert service["stop_signal"] == "SIGTERM"
    assert (service["user"], service["read_only"], service["cap_drop"]) == ("10001:10001", True, ["ALL"])
    assert service["healthcheck"]["test"] == container["HealthCheck"]["Command"]
    assert service["deploy"]["update_config"]["order"] == "start-first"
    given = {entry["Name"] for entry in container["Environment"]}
    assert given <= service["environment"].keys(), "each variable has its value, the stack's or this machine's"
    for logical, task in resources("AWS::ECS::TaskDefinition").items():
        if task["ContainerDefinitions"][0]["Name"] == name:
            assert service["cpus"] == int(load("registry.yaml")["Parameters"]["TaskSize"]["Default"]) / 1024, logical


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_settings_that_start(document: Json, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in document["services"][name]["environment"].items():
        if variable.startswith(PREFIX):
            monkeypatch.setenv(variable, value)
    settings = Settings(_env_file=None)
    assert (settings.records, settings.blobs, settings.jobs) == ("dynamodb", "s3", "redis")
    assert settings.dynamodb_endpoint_url == "http://dynamodb:8000"
