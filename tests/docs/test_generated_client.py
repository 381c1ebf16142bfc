"""A client that openapi-python-client makes of openapi.yaml works against the real service."""

import base64
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.api.server import RunningServer
from tests.docs.conftest import ROOT

PACKAGE = "client_made_from_the_document"


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    folder = tmp_path_factory.mktemp("generated")
    tools = Path(sys.executable).parent
    config = folder / "config.json"
    # The generator knows text and JSON; a badge is text, too.
    config.write_text(json.dumps({"content_type_overrides": {"image/svg+xml": "text/plain"}}))
    done = subprocess.run(
        [
            *(tools / "openapi-python-client", "generate", "--path", ROOT / "openapi.yaml", "--meta", "none"),
            *("--output-path", folder / PACKAGE, "--fail-on-warning", "--config", config),
        ],
        # The generator calls ruff by its name.
        env={**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ.get('PATH', '')}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield importlib.import_module(PACKAGE)


def part(generated: ModuleType, name: str) -> ModuleType:
    return importlib.import_module(f"{generated.__name__}.{name}")


def test_every_module_can_be_imported(generated: ModuleType) -> None:
    folder = Path(str(generated.__file__)).parent
    names = [path.relative_to(folder.parent).with_suffix("") for path in folder.rglob("*.py")]
    assert len(names) > 50
    for name in names:
        importlib.import_module(".".join(name.parts).removesuffix(".__init__"))


def test_publish_list_get_delete(generated: ModuleType, server: RunningServer) -> None:
    models = part(generated, "models")
    users, packages = "api.users", "api.packages"
    with generated.Client(base_url=server.url) as anonymous:
        token = part(generated, f"{users}.create_token").sync(
            client=anonymous, body=models.SignInForm(username=server.admin_name, password=server.admin_password)
        )
    assert isinstance(token, models.TokenModel)

    with generated.AuthenticatedClient(base_url=server.url, token=token.access_token) as client:
        published = part(generated, f"{packages}.publish_package").sync(
            client=client,
            body=models.InlinePackageBody(
                name="made/by-generated-client",
                version="1.0.0",
                type_=models.PackageType.CODE,
                content_base64=base64.b64encode(b"content").decode(),
            ),
        )
        assert isinstance(published, models.PackageModel)
        assert published.content.size == 7

        page = part(generated, f"{packages}.list_packages").sync(client=client, name="made/by-generated-client")
        assert [item.id for item in page.items] == [published.id]
        assert page.next_cursor is None

        read_package = part(generated, f"{packages}.read_package")
        assert read_package.sync(client=client, package_id=published.id) == published

        deleted = part(generated, f"{packages}.delete_package").sync_detailed(client=client, package_id=published.id)
        assert deleted.status_code == 204

        problem = read_package.sync(client=client, package_id=published.id)
        assert isinstance(problem, models.ProblemModel)
        assert problem.type_ == "/problems/not-found"
