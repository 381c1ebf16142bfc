"""The paths that Hugging Face clients see, from the manifest of a content."""

import itertools

import pytest

from registry.formats.manifests.entries import Manifest, encode_manifest, single_entry
from registry.services.hub.tree import README, RepositoryTree, layout_of

PATHS = ["config.json", "sub.txt", "sub/a", "sub/deep/b", "sub/deep/er/c", "sub0/d"]


def tree_of(*paths: str, readme: str | None = None) -> RepositoryTree:
    entries = [single_entry(path, size=len(path), sha256="0" * 64) for path in paths]
    manifest = Manifest(encode_manifest("zip", entries).encode())
    return RepositoryTree(manifest, layout_of(manifest, readme))


def keys(tree: RepositoryTree, folder: str = "", *, recursive: bool = False) -> list[str]:
    return [entry.key for entry in tree.entries(folder, recursive=recursive)]


@pytest.mark.parametrize("top", ["", "bert/", "a b/"])
def test_a_single_top_folder_is_left_out(top: str) -> None:
    tree = tree_of(*(top + path for path in PATHS))
    assert [file.path for file in tree.files()] == PATHS
    found = tree.find("sub/deep/b")
    assert found is not None
    assert found.stored is not None
    assert found.stored.path == f"{top}sub/deep/b"


@pytest.mark.parametrize("paths", [["a/x", "b/y"], ["a/x", "z"], ["a", "b/x"], ["a/x", "a0/y"], ["x"], []])
def test_what_is_no_single_top_folder_stays(paths: list[str]) -> None:
    assert [file.path for file in tree_of(*paths).files()] == paths


def test_only_one_top_folder_is_left_out() -> None:
    assert [file.path for file in tree_of("a/b/x", "a/b/y").files()] == ["b/x", "b/y"]


def test_a_folder_lists_what_is_in_it() -> None:
    tree = tree_of(*PATHS)
    assert keys(tree) == ["config.json", "sub.txt", "sub/", "sub0/"]
    assert keys(tree, "sub") == ["sub/a", "sub/deep/"]
    assert keys(tree, "sub", recursive=True) == ["sub/a", "sub/deep/", "sub/deep/b", "sub/deep/er/", "sub/deep/er/c"]
    assert keys(tree, recursive=True) == [
        *("config.json", "sub.txt", "sub/", "sub/a", "sub/deep/", "sub/deep/b", "sub/deep/er/", "sub/deep/er/c"),
        *("sub0/", "sub0/d"),
    ]
    for absent in ("other", "su", "config.json", "sub/a"):
        assert keys(tree, absent) == []


@pytest.mark.parametrize("recursive", [False, True])
@pytest.mark.parametrize("top", ["", "top/"])
def test_a_page_goes_on_after_any_entry(top: str, *, recursive: bool) -> None:
    tree = tree_of(*(top + path for path in PATHS), readme="# R")
    whole = list(tree.entries("", recursive=recursive))
    for place, entry in enumerate(whole):
        rest = tree.entries("", recursive=recursive, after=entry.key)
        assert list(rest) == whole[place + 1 :], entry.key


def test_entries_are_in_order_of_their_keys() -> None:
    tree = tree_of(*PATHS, readme="# R")
    found = keys(tree, recursive=True)
    assert found == sorted(found)
    assert all(one < other for one, other in itertools.pairwise(found))


def test_the_readme_of_the_record_stands_in() -> None:
    tree = tree_of("a/config.json", "a/sub/readme.md", readme="# Record")
    assert [file.path for file in tree.files()] == [README, "config.json", "sub/readme.md"]
    found = tree.find(README)
    assert found is not None
    assert (found.size, found.stored) == (8, None)
    assert (tree.count, tree.size) == (3, len("a/config.json") + len("a/sub/readme.md") + 8)
    assert keys(tree, "sub") == ["sub/readme.md"]


@pytest.mark.parametrize("own", ["README.md", "readme.md", "ReadMe.MD"])
def test_the_readme_of_the_content_comes_first(own: str) -> None:
    tree = tree_of(f"a/{own}", "a/config.json", readme="# Record")
    assert [file.path for file in tree.files()] == sorted([own, "config.json"])
    assert tree.count == 2


def test_files_and_folders_are_found_by_their_path() -> None:
    tree = tree_of(*PATHS)
    file, folder = tree.find_entry("sub/a"), tree.find_entry("sub/deep")
    assert file is not None
    assert file.file is not None
    assert folder is not None
    assert folder.file is None
    for absent in ("sub/", "su", "", "sub/deep/"):
        assert tree.find_entry(absent) is None, absent
