"""`min_ingest_score`: what is fetched from the Hub is rated before it becomes visible."""

from collections.abc import Iterator

import httpx
import pytest

from tests.api.server import RunningServer, server_environment, start_server
from tests.api.support import download, log_in, problem, unique
from tests.ingest.conftest import ingested, upstream_settings
from tests.upstreams.repositories import HubRepository, minilm_files
from tests.upstreams.server import Upstreams

LEAST = 0.2
POOR_CARD = b"---\nlicense: cc-by-nc-nd-4.0\n---\n# Tiny\n"
GOOD_CARD = b"""---
license: apache-2.0
library_name: transformers
datasets: [org/pairs]
---
# Tiny
## Usage
```python
from transformers import AutoModel
AutoModel.from_pretrained("org/tiny")
```
## Evaluation
Accuracy on GLUE: 0.91
"""


@pytest.fixture(scope="module")
def demanding(upstreams: Upstreams, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    settings = {**upstream_settings(upstreams), "REGISTRY_MIN_INGEST_SCORE": str(LEAST)}
    running = start_server(server_environment(tmp_path_factory.mktemp("demanding") / "data", **settings))
    yield running
    running.stop()


@pytest.fixture
def client(demanding: RunningServer) -> Iterator[httpx.Client]:
    with log_in(demanding.url, demanding.admin_name, demanding.admin_password).client as connected:
        yield connected


def on_the_hub(upstreams: Upstreams, card: bytes) -> str:
    """The URL of a model with this card."""
    repository = HubRepository(unique("org/gated"), {**minilm_files(), "README.md": card})
    upstreams.pages |= repository.pages()
    # Ratings ask for what the model's page and its card say.
    info = repository.pages()[f"/hub/api/models/{repository.id}/revision/main"]
    upstreams.pages[f"/hub/api/models/{repository.id}"] = info
    info.body |= {"likes": 0, "downloads": 0}
    return f"https://huggingface.co/{repository.id}"


def test_what_scores_below_is_refused_with_the_reason(
    client: httpx.Client, upstreams: Upstreams, demanding: RunningServer
) -> None:
    package = ingested(client, on_the_hub(upstreams, POOR_CARD))
    assert package["status"] == "failed"
    told, _, asked = package["status_reason"].partition("; ")
    assert asked == f"at least {LEAST:g} is asked for"
    assert 0 < float(told.removeprefix("its score may be as low as ")) < LEAST
    assert package["content"] is None
    assert package["id"] not in {item["id"] for item in client.get("/packages").json()["items"]}
    problem(client.get(f"/package/{package['id']}/content"), 409)
    assert demanding.blob_files() == []


def test_what_scores_enough_is_published_and_rated_with_that_score(client: httpx.Client, upstreams: Upstreams) -> None:
    package = ingested(client, on_the_hub(upstreams, GOOD_CARD))
    assert package["status"] == "active", package
    assert package["license"] == "Apache-2.0"
    assert download(client, package).status_code == httpx.codes.OK
    rating = client.get(f"/package/{package['id']}/rate", params={"wait": 30})
    assert rating.json()["net_score_range"][0] >= LEAST
