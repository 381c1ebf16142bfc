"""Requests made from the schema by schemathesis: no 5xx, and no answer that the schema does not promise."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.server import RunningServer, server_environment, start_server
from tests.api.support import logged_in

# A name that no example has: the routes that change or delete a user cannot hit the one who asks.
ADMIN = "the-one-who-asks"
# The first two would end the run: one drops the user who asks, the other the token in use. The others cannot be held to
# a schema: an empty `grant_type` is, as a form has it, an absent one, and the media type of content is its publisher's.
LEFT_OUT = [
    "DELETE /reset",
    "DELETE /auth/token",
    "POST /auth/token",
    "GET /package/{package_id}/content",
    "HEAD /package/{package_id}/content",
    "GET /package/{package_id}/files/{path}",
    "GET /hf/{repo}/resolve/{revision}/{path}",
    "GET /hf/datasets/{repo}/resolve/{revision}/{path}",
]
# A schema cannot say which names are taken and which digests match: requests that it allows may be refused.
UNSUITABLE_CHECKS = "positive_data_acceptance"
# Values grow until the whole target is too long: 414 is no status that this check knows by itself.
CONFIGURATION = """[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 406, 409, 414, 415, 422, 428, 429]
"""
MAX_SECONDS = 20


@pytest.fixture
def fuzzed(tmp_path: Path) -> Iterator[RunningServer]:
    """A server of its own: what is left behind would disturb other tests."""
    server = start_server(server_environment(tmp_path / "data", REGISTRY_ADMIN_USERNAME=ADMIN))
    yield server
    server.stop()


# A name may hold slashes, so these addresses are also those of names, which have GET too: `Allow` says so.
AMBIGUOUS = [
    "PUT /names/{type}/{name}/owners",
    "PUT /names/{type}/{name}/visibility",
    "PUT /names/{type}/{name}/aliases/{alias}",
    "DELETE /names/{type}/{name}/aliases/{alias}",
]
# Names out of listings are tried in all phases, so that the user who asks may be deleted or locked out on the way.
CHANGE_USERS = ["DELETE /users/{name}", "PUT /users/{name}/password", "PUT /users/{name}/permissions"]


@pytest.mark.parametrize(
    ("phases", "left_out", "asker_survives"),
    [("examples,coverage,fuzzing", [*LEFT_OUT, *AMBIGUOUS, *CHANGE_USERS], True), ("stateful", LEFT_OUT, False)],
    ids=["each", "in-sequences"],
)
def test_answers_are_as_the_schema_says(
    fuzzed: RunningServer, tmp_path: Path, phases: str, left_out: list[str], *, asker_survives: bool
) -> None:
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    with logged_in(fuzzed.url, fuzzed.admin_name, fuzzed.admin_password) as asking:
        done = subprocess.run(
            [
                Path(sys.executable).with_name("schemathesis"),
                "run",
                f"{fuzzed.url}/openapi.json",
                f"--header=Authorization: Bearer {asking.token}",
                *(f"--exclude-name={name}" for name in left_out),
                f"--phases={phases}",
                "--checks=all",
                f"--exclude-checks={UNSUITABLE_CHECKS}",
                "--max-examples=5",
                f"--max-time={MAX_SECONDS}",
                "--continue-on-failure",
                "--generation-deterministic",
                "--suppress-health-check=all",
                "--warnings=off",
                "--no-color",
            ],
            cwd=tmp_path,
            env={**os.environ, "NO_PROXY": "*"},
            capture_output=True,
            text=True,
            timeout=5 * MAX_SECONDS,
            check=False,
        )
        report = re.sub(r"(\S{200})\S+", r"\1…", done.stdout)
        assert done.returncode == 0, report[-20_000:] + done.stderr[-5_000:]
        # The one who asked may still do so: the run was not a series of 401s.
        assert not asker_survives or asking.client.get("/users").status_code == 200
