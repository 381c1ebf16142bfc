"""README, LICENSE, config.json and model card are read from archives, and nothing hurts."""

import io
import tarfile
import zipfile

import pytest

from tests.api.archives import FORMS, gzipped_tar, zipped
from tests.api.support import JsonObject, Person, download, fetch, metadata, send_package
from tests.unit.archives import MIT_TEXT

CARD = """---
license: apache-2.0
base_model: google-bert/bert-base-uncased
tags:
- nlp
---
# Card

Text ✓
""".encode()
MEMBERS = {"README.md": CARD, "config.json": b'{"model_type": "bert"}', "weights.bin": b"\0" * 1000}


def publish_archive(person: Person, content: bytes, form: str = "zip", **members: object) -> JsonObject:
    _, filename, media_type = FORMS[form]
    answer = send_package(person.client, metadata(**members), content, filename=filename, media_type=media_type)
    assert answer.status_code == 201, answer.text
    assert download(person.client, answer.json()).content == content
    return fetch(person.client, answer.json())


def base_models(package: JsonObject) -> list[str]:
    return [entry["name"] for entry in package["dependencies"] if entry["relation"] == "base_model"]


@pytest.mark.parametrize("folder", ["", "bert-tiny-1.0/", "./", "./top/"])
@pytest.mark.parametrize("form", FORMS)
def test_readme_and_model_card_are_found(publisher: Person, form: str, folder: str) -> None:
    pack = FORMS[form][0]
    found = publish_archive(publisher, pack({folder + name: content for name, content in MEMBERS.items()}), form)
    assert found["readme"].endswith("# Card\n\nText ✓\n")
    assert found["license"].lower() == "apache-2.0"
    assert base_models(found) == ["google-bert/bert-base-uncased"]


@pytest.mark.parametrize("form", FORMS)
def test_what_the_client_gave_wins(publisher: Person, form: str) -> None:
    own: JsonObject = {"relation": "base_model", "name": "mine", "version": None, "id": None}
    given: JsonObject = {"readme": "# Mine", "license": "MIT", "dependencies": [own]}
    found = publish_archive(publisher, FORMS[form][0](MEMBERS), form, **given)
    assert {key: found[key] for key in given} == given


def test_list_of_base_models(publisher: Person) -> None:
    card = b"---\nbase_model:\n- a/one\n- b/two\n---\n# Merged\n"
    assert sorted(base_models(publish_archive(publisher, zipped({"README.md": card})))) == ["a/one", "b/two"]


def test_license_file_tells_the_license(publisher: Person) -> None:
    assert publish_archive(publisher, zipped({"LICENSE": MIT_TEXT.encode(), "x.py": b""}))["license"] == "MIT"


@pytest.mark.parametrize("name", ["deep/er/README.md", "one/README.md"])
def test_only_the_root_or_the_single_top_folder_counts(publisher: Person, name: str) -> None:
    found = publish_archive(publisher, zipped({name: b"# Deep", "two/x.bin": b"", "three/y.bin": b""}))
    assert found["readme"] is None


@pytest.mark.parametrize("form", FORMS)
def test_replacing_content_reads_the_new_archive(publisher: Person, form: str) -> None:
    pack, filename, media_type = FORMS[form]
    found = publish_archive(publisher, pack(MEMBERS), form)
    path, described = f"/package/{found['id']}", metadata(name=found["name"])
    new = pack({"README.md": b"---\nlicense: mit\n---\n# New\n"})
    answer = send_package(
        publisher.client, described, new, method="PUT", path=path, filename=filename, media_type=media_type
    )
    assert answer.status_code == 200, answer.text
    changed = fetch(publisher.client, found)
    assert changed["readme"].endswith("# New\n")
    assert (changed["license"].lower(), changed["dependencies"]) == ("mit", [])


def test_patch_reads_no_archive_again(publisher: Person) -> None:
    found = publish_archive(publisher, zipped(MEMBERS))
    publisher.client.patch(f"/package/{found['id']}", json={"readme": None, "license": None})
    changed = fetch(publisher.client, found)
    assert (changed["readme"], changed["license"]) == (None, None)


BROKEN_FRONTS = [
    b"---\nlicense: [\n---\n",
    b"---\n: : :\n---\n",
    b"---\nlicense: 5\nbase_model: {}\n---\n",
    b"---\n",
    b"---\n&a [*a]\n---\n",
    b"---\n!!python/object/apply:os.system ['true']\n---\n",
]


@pytest.mark.parametrize("front", BROKEN_FRONTS)
def test_broken_front_matter_is_no_error(publisher: Person, front: bytes) -> None:
    found = publish_archive(publisher, zipped({"README.md": front + b"# Still here\n"}))
    assert "# Still here" in found["readme"]


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04nonsense", b"\x1f\x8bnonsense", zipped(MEMBERS)[:-30], gzipped_tar(MEMBERS)[:-30]]
)
def test_broken_archives_are_stored_as_they_are(publisher: Person, content: bytes) -> None:
    assert publish_archive(publisher, content)["content"]["size"] == len(content)


def test_bytes_that_are_no_text_are_no_error(publisher: Person) -> None:
    publish_archive(publisher, zipped({"README.md": b"\xff\xfe\0\x80# \xc3("}))


def bomb() -> bytes:
    return zipped({"README.md": b"A" * 50_000_000})


def links() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for kind, target in ((tarfile.SYMTYPE, "/etc/passwd"), (tarfile.LNKTYPE, "../../etc/passwd")):
            entry = tarfile.TarInfo("README.md")
            entry.type, entry.linkname = kind, target
            archive.addfile(entry)
    return buffer.getvalue()


def absurd_names() -> bytes:
    return zipped(
        {
            "../../README.md": b"# Out",
            "/README.md": b"# Root",
            "\n" * 50: b"x",
            "a" * 60_000: b"x",
            "C:\\README.md": b"x",
        }
    )


def many_members() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(30_000):
            archive.writestr(f"{number}", b"")
    return buffer.getvalue()


@pytest.mark.parametrize("hostile", [bomb, links, absurd_names, many_members])
def test_hostile_archives_are_stored_and_leak_nothing(publisher: Person, hostile: object) -> None:
    assert callable(hostile)
    found = publish_archive(publisher, hostile())
    assert "root:" not in (found["readme"] or "")
    assert len((found["readme"] or "").encode()) <= 256 * 1024
