"""Which URLs name a whole model, dataset or repository."""

import pytest

from registry.formats.repository_urls import HubAddress, RepositoryAddress, github_name, hub_name, read_address


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://github.com/octo/tiny", RepositoryAddress("octo", "tiny", None)),
        ("http://www.github.com/octo/tiny.git", RepositoryAddress("octo", "tiny", None)),
        ("https://github.com/octo/tiny/", RepositoryAddress("octo", "tiny", None)),
        ("https://github.com/octo/tiny?tab=readme#use", RepositoryAddress("octo", "tiny", None)),
        ("https://github.com/octo/ti.ny/tree/v1.0", RepositoryAddress("octo", "ti.ny", "v1.0")),
        ("https://github.com/octo/tiny/tree/feature/x/", RepositoryAddress("octo", "tiny", "feature/x")),
        ("https://huggingface.co/org/tiny", HubAddress("model", "org/tiny", "main")),
        ("https://hf.co/gpt2", HubAddress("model", "gpt2", "main")),
        ("https://huggingface.co/org/tiny/tree/v1.0", HubAddress("model", "org/tiny", "v1.0")),
        ("https://huggingface.co/org/tiny/tree/refs%2Fpr%2F1", HubAddress("model", "org/tiny", "refs/pr/1")),
        ("https://huggingface.co/datasets/org/pairs", HubAddress("dataset", "org/pairs", "main")),
        ("https://huggingface.co/datasets/org/pairs/tree/main", HubAddress("dataset", "org/pairs", "main")),
    ],
)
def test_whole_things(url: str, address: RepositoryAddress | HubAddress) -> None:
    assert read_address(url) == address


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/octo",
        "https://github.com/octo/..",
        "https://github.com/octo/tiny/tree/../../other",
        "https://github.com/octo/tiny/tree/a%2F..%2Fb",
        "https://github.com/octo/tiny/releases/download/v1/tiny.zip",
        "https://github.com/octo/tiny/archive/refs/heads/main.zip",
        "https://github.com.example.org/octo/tiny",
        "https://example.org/github.com/octo/tiny",
        "https://huggingface.co/org/tiny/resolve/main/model.safetensors",
        "https://huggingface.co/org/tiny/tree/main/onnx",
        "https://huggingface.co/org/tiny/tree/%2e%2e",
        "https://huggingface.co/spaces/org/demo",
        "https://huggingface.co/datasets",
        "https://example.org/model.bin",
        "ftp://github.com/octo/tiny",
    ],
)
def test_single_files_and_other_pages(url: str) -> None:
    assert read_address(url) is None


@pytest.mark.parametrize("page", ["", "/", ".git", "/tree/v1", "/blob/main/x.py", "/resolve/main/a/b", "?x=1", "#top"])
@pytest.mark.parametrize("host", ["github.com/octo/tiny", "huggingface.co/org/tiny", "hf.co/datasets/org/pairs"])
def test_whatever_names_a_whole_lies_in_it(host: str, page: str) -> None:
    url = f"https://{host}{page}"
    match read_address(url):
        case RepositoryAddress() as found:
            assert github_name(url) == f"{found.owner}/{found.name}"
        case HubAddress() as found:
            assert hub_name(url) == (found.kind, found.id)
        case None:
            assert page not in ("", "/")
