"""Models and datasets of the Hugging Face Hub, fetched as one zip."""

import io
import zipfile

import httpx

from tests.api.support import download, fetch, metadata, publish, sha256_hex, unique
from tests.ingest.conftest import HUB_TOKEN, ingested, settled
from tests.upstreams.repositories import SHA, HubRepository, minilm_files
from tests.upstreams.server import Upstreams


def hub_url(repository: HubRepository, rest: str = "") -> str:
    folder = "datasets/" if repository.kind == "dataset" else ""
    return f"https://huggingface.co/{folder}{repository.id}{rest}"


def test_a_model_comes_whole_and_describes_itself(client: httpx.Client, upstreams: Upstreams, cdn: Upstreams) -> None:
    files = minilm_files(base=unique("org/base"), dataset=unique("org/pairs"))
    members = {"tags": ["sentence-similarity", "license:apache-2.0", "onnx"], "pipeline_tag": "x"}
    repository = HubRepository(unique("org/minilm"), files, cdn_url=cdn.base_url, members=members)
    upstreams.pages |= repository.pages()
    cdn.pages |= repository.stored_pages()
    package = ingested(client, hub_url(repository))
    assert package["status"] == "active", package
    assert "status_reason" not in package
    assert package["license"] == "Apache-2.0"
    assert package["tags"] == ["sentence-similarity", "onnx"]
    assert [item["relation"] for item in package["dependencies"]] == ["base_model", "dataset"]
    assert package["readme"].endswith("Maps sentences to vectors.\n")
    assert package["content"]["filename"] == f"{repository.id.rpartition('/')[2]}-{SHA}.zip"
    with zipfile.ZipFile(io.BytesIO(download(client, package).content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == sorted(files)
        assert {name: archive.read(name) for name in files} == files
        assert archive.comment.decode() == SHA
    asked = [headers for _, path, headers, _ in upstreams.requests if repository.id in path]
    assert {headers.get("authorization") for headers in asked} == {f"Bearer {HUB_TOKEN}"}
    assert len(cdn.requests) >= 2
    assert not any("authorization" in headers for _, _, headers, _ in cdn.requests)


def test_the_same_commit_gives_the_same_bytes(client: httpx.Client, upstreams: Upstreams) -> None:
    files = minilm_files()
    repository = HubRepository(unique("org/minilm"), files)
    upstreams.pages |= repository.pages()
    first = ingested(client, hub_url(repository))
    # Whatever the order of the listing, the branch or the name it is published under.
    again = HubRepository(repository.id, dict(reversed(files.items())))
    upstreams.pages |= again.pages(revision="v1")
    second = ingested(client, hub_url(again, "/tree/v1"))
    assert second["content"]["sha256"] == first["content"]["sha256"]


def test_the_client_s_word_comes_first(client: httpx.Client, upstreams: Upstreams) -> None:
    repository = HubRepository(unique("org/minilm"), minilm_files(), members={"tags": ["theirs"]})
    upstreams.pages |= repository.pages()
    described = {
        "description": "mine",
        "license": "MIT",
        "tags": ["mine"],
        "readme": "# Mine",
        "dependencies": [{"relation": "base_model", "name": "mine", "version": "^1.0.0", "id": None}],
    }
    package = ingested(client, hub_url(repository), **described)
    assert {name: package[name] for name in described} == described


def test_a_dataset_with_what_only_the_hub_says(client: httpx.Client, upstreams: Upstreams) -> None:
    repository = HubRepository(
        unique("org/pairs"),
        {"data/train.csv": b"a,b\n1,2\n"},
        kind="dataset",
        large=(),
        members={
            "description": "Pairs of sentences",
            "cardData": {"license": "cc-by-4.0"},
            "tags": ["x" * 65, "text", "text", *(f"t{number}" for number in range(100))],
        },
    )
    upstreams.pages |= repository.pages()
    package = ingested(client, hub_url(repository), type="dataset")
    assert (package["status"], package["license"]) == ("active", "CC-BY-4.0")
    assert package["description"] == "Pairs of sentences"
    assert package["tags"] == ["text", *(f"t{number}" for number in range(49))]


def test_base_models_and_datasets_lead_to_registered_packages(client: httpx.Client, upstreams: Upstreams) -> None:
    base, dataset = unique("org/base"), unique("org/pairs")
    registered = publish(client, b"base", name=base)
    repository = HubRepository(unique("org/minilm"), minilm_files(base=base, dataset=dataset))
    upstreams.pages |= repository.pages()
    package = ingested(client, hub_url(repository))
    lineage = client.get(f"/package/{package['id']}/lineage").json()
    assert {node["id"] for node in lineage["nodes"]} == {package["id"], registered["id"], "external-1"}
    later = publish(client, b"pairs", name=dataset, type="dataset")
    lineage = client.get(f"/package/{package['id']}/lineage").json()
    assert {node["id"] for node in lineage["nodes"]} == {package["id"], registered["id"], later["id"]}


def test_a_file_on_the_hub_is_a_file(client: httpx.Client, upstreams: Upstreams) -> None:
    upstreams.pages["/files/model.bin"] = plain = HubRepository("x/y", {"model.bin": b"bytes"}, large=()).pages()[
        f"/hub/x/y/resolve/{SHA}/model.bin"
    ]
    package = ingested(client, f"{upstreams.base_url}/files/model.bin")
    assert package["content"]["sha256"] == sha256_hex(plain.body)
    assert package["content"]["filename"] == "model.bin"


def test_what_the_owner_changes_meanwhile_stays(client: httpx.Client, upstreams: Upstreams) -> None:
    repository = HubRepository(unique("org/minilm"), minilm_files())
    pages = repository.pages()
    upstreams.pages |= pages
    held = f"/hub/{repository.id}/resolve/{SHA}/config.json"
    upstreams.cuts[held] = [1, 1]
    answer = client.post("/package", json=metadata(source_url=hub_url(repository)))
    package = answer.json()
    headers = {"Content-Type": "application/merge-patch+json"}
    changed = client.patch(f"/package/{package['id']}", json={"description": "written meanwhile"}, headers=headers)
    assert changed.status_code == 200, changed.text
    package = settled(client, package)
    assert (package["status"], package["description"]) == ("active", "written meanwhile")
    assert fetch(client, package)["revision"] > changed.json()["revision"]
