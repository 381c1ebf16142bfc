"""What the full-text matcher says about license files that people put into their packages.

Two sets that owe nothing to SPDX's templates. The license files of the distributions that `requirements-dev.lock` pins,
read where they are installed: the label is the license that the distribution's own metadata name. And the test data of
ScanCode Toolkit at one commit: its authors have labelled files of many projects, and license texts outside SPDX's list.
No text is copied here. `git` fetches ScanCode's; a clone that is there already is named by REGISTRY_TRUST_SCANCODE.
"""

import os
import re
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path

import yaml

from registry.formats.license_evidence import stated_in_archive, weigh
from registry.formats.license_terms import TERMS, Terms
from registry.formats.license_trees import licenses_in, strictness
from registry.formats.licenses.files import LicenseFiles
from registry.formats.licenses.metadata import read_core_metadata
from registry.formats.licenses.recognising import recognise_license
from trust.sections import Section, table

SCANCODE = "https://github.com/aboutcode-org/scancode-toolkit"
COMMIT = "bc787214ed21f313be84a1e6a571051cdfdd4003"
_CLONE = Path(__file__).parent.parent / ".trust" / "scancode-toolkit"
_LICENSES, _TESTS = "src/licensedcode/data/licenses", "tests/licensedcode/data/datadriven"
_RESTRICTED = ("Commercial", "Proprietary Free", "Free Restricted", "Source-available")
_FRONT = re.compile(r"---\s*\n(.*?)^---[ \t]*\n?(.*)", re.DOTALL | re.MULTILINE)
_MOST_BYTES = 120_000
_LEAST_WORDS = 20
_WHOLE = (0.97, 1.1)
"""How long a file may be beside its license's text to be a license file: more has notes or code in it."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text, and the license that its source says it is: an SPDX id, None for one outside the list.

    `least`: the place in STRICTNESS below which an answer grants more than the license does.
    """

    source: str
    name: str
    text: str
    license_id: str | None
    least: int


def installed() -> Iterator[Labelled]:
    """The one license file of each distribution whose metadata name one license."""
    for found in sorted(distributions(), key=lambda it: str(it.metadata["Name"]).lower()):
        named, files = _declared(found), _license_files(found)
        if named is not None and len(files) == 1:
            yield Labelled(
                "distributions with one license", str(found.metadata["Name"]), files[0][1], named, strictness(named)
            )


def _declared(found: Distribution) -> str | None:
    stated = {license_id for license_id, _ in read_core_metadata(found.read_text("METADATA") or "")}
    named = licenses_in(stated.pop()) if len(stated) == 1 else frozenset()
    return next(iter(named)) if len(named) == 1 else None


def _license_files(found: Distribution) -> list[tuple[str, str]]:
    """Their paths from the folder that wheels are unpacked into, and their texts."""
    files = [it for it in found.files or () if it.parts[0].endswith(".dist-info") and LicenseFiles().wanted(str(it))]
    texts = [(str(it), Path(str(it.locate()))) for it in files if it.name != "METADATA"]
    return [(path, file.read_text("utf-8", "replace")) for path, file in texts if file.is_file()]


class Git:
    """The files of one commit."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self, below: str) -> list[str]:
        listed = _git(self._folder, "ls-tree", "-r", "-z", "--name-only", COMMIT, "--", below)
        return [name for name in listed.decode("utf-8", "replace").split("\0") if name]

    def read(self, names: list[str]) -> Iterator[tuple[str, bytes]]:
        asked = "".join(f"{COMMIT}:{name}\n" for name in names).encode()
        data = _git(self._folder, "cat-file", "--batch", given=asked)
        at = 0
        for name in names:
            end = data.index(b"\n", at)
            words = data[at:end].split()
            if words[-1] == b"missing":
                at = end + 1
                continue
            size = int(words[2])
            yield name, data[end + 1 : end + 1 + size]
            at = end + 2 + size


def scancode() -> Iterator[Labelled]:
    """ScanCode's license texts, and the files in its tests that are all of one license."""
    git = Git(_clone())
    known = dict(_license_texts(git))
    for key, (license_id, category, text) in known.items():
        if len(text.split()) >= _LEAST_WORDS:
            outside = license_id is None
            source = (
                f"ScanCode's texts: {_kind(category)}" if outside else "ScanCode's texts of licenses in SPDX's list"
            )
            yield Labelled(source, key, text, license_id, _least(license_id, category))
    names = [name for name in git.names(_TESTS) if not name.isascii() or name.endswith(".yml")]
    labels = {name.removesuffix(".yml"): data for name, data in git.read(names)}
    for name, data in git.read([name for name in labels if name.isascii()]):
        keys = set((yaml.safe_load(labels[name]) or {}).get("license_expressions") or ())
        key = keys.pop() if len(keys) == 1 else ""
        if key not in known or len(data) > _MOST_BYTES or b"\0" in data:
            continue
        license_id, category, whole = known[key]
        text = data.decode("utf-8", "replace")
        share = len(text.split()) / max(1, len(whole.split()))
        is_license_file = _WHOLE[0] <= share <= _WHOLE[1]
        source = "ScanCode's tests: license files" if is_license_file else "ScanCode's tests: notices, code and others"
        yield Labelled(source, name.rsplit("/", 1)[-1], text, license_id, _least(license_id, category))


def _license_texts(git: Git) -> Iterator[tuple[str, tuple[str | None, str, str]]]:
    """By ScanCode's key: the SPDX id, the category and the text."""
    for _, data in git.read([name for name in git.names(_LICENSES) if name.endswith(".LICENSE")]):
        parts = _FRONT.match(data.decode("utf-8", "replace"))
        if parts is None:
            raise SystemExit("ScanCode's license texts are not of the form that is read here")
        facts, text = yaml.safe_load(parts[1]), parts[2]
        license_id = str(facts.get("spdx_license_key") or "")
        is_listed = bool(license_id) and not license_id.startswith("LicenseRef-") and not facts.get("is_exception")
        yield str(facts["key"]), (license_id if is_listed else None, str(facts.get("category")), text)


def _kind(category: str) -> str:
    if category in _RESTRICTED:
        return "restricted licenses outside it"
    return "copyleft outside it" if category.startswith("Copyleft") else "permissive licenses outside it"


def _least(license_id: str | None, category: str) -> int:
    if license_id is not None and license_id in TERMS:
        return strictness(license_id)
    order = list(Terms)
    if category in _RESTRICTED:
        return order.index(Terms.USE_RESTRICTED)
    return order.index(Terms.WEAK_COPYLEFT) if category.startswith("Copyleft") else 0


def _clone() -> Path:
    if own := os.environ.get("REGISTRY_TRUST_SCANCODE"):
        return Path(own)
    if not _CLONE.is_dir():
        _CLONE.mkdir(parents=True)
        _git(_CLONE, "init", "--quiet")
        _git(_CLONE, "remote", "add", "origin", SCANCODE)
        _git(_CLONE, "fetch", "--quiet", "--depth=1", "--filter=blob:none", "origin", COMMIT)
        _git(_CLONE, "sparse-checkout", "set", _LICENSES, _TESTS)
        _git(_CLONE, "checkout", "--quiet", COMMIT)
    return _CLONE


def _git(folder: Path, *arguments: str, given: bytes | None = None) -> bytes:
    run = subprocess.run(["git", "-C", str(folder), *arguments], input=given, stdout=subprocess.PIPE, check=True)
    return run.stdout


def measure(texts: Iterator[Labelled]) -> str:
    """By source: right, another, unknown, and how many answers grant more than the license; and which those are."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    named: dict[str, list[str]] = {"wrong": [], "freer": []}
    for it in texts:
        found = recognise_license(it.text)
        count = counts[it.source]
        for outcome in ("texts", *_outcomes(it, found)):
            count[outcome] += 1
            if outcome in named:
                named[outcome].append(f"{it.name} ({it.license_id or 'no id'}) as {found}")
    columns = ("texts", "right", "wrong", "named", "unknown", "freer")
    rows = [(source, *(count[name] for name in columns)) for source, count in counts.items()]
    right, wrong = (sum(count[name] for count in counts.values()) for name in ("right", "wrong"))
    own = next(iter(counts.values()))
    head = f"Precision {right / (right + wrong):.4f}; recall on distributions {own['right'] / own['texts']:.4f}.\n\n"
    body = table(("texts", "texts", "its license", "another", "outside the list", "unknown", "grants more"), rows)
    more = "; ".join(named["freer"]) or "none"
    return f"{head}{body}\nGrants more: {more}. Another: {'; '.join(named['wrong']) or 'none'}.\n"


def _outcomes(labelled: Labelled, found: str | None) -> Iterator[str]:
    if found is None:
        yield "unknown"
    elif labelled.license_id is None:
        yield "named"
    else:
        yield "right" if _plain(found) == _plain(labelled.license_id) else "wrong"
    if found is not None and strictness(found) < labelled.least:
        yield "freer"


def _plain(license_id: str) -> str:
    """Files say by name whether later versions are granted, texts do not."""
    return re.sub(r"(?:-only|-or-later|\+)\Z", "", license_id).lower()


def judged() -> Counter[str]:
    """What comes out for distributions with license files, as the registry weighs metadata and texts together."""
    count: Counter[str] = Counter()
    for found in distributions():
        files = LicenseFiles()
        folder = next((it.parts[0] for it in found.files or () if it.parts[0].endswith(".dist-info")), "")
        texts = _license_files(found)
        if not texts:
            continue
        for path, text in ((f"{folder}/METADATA", found.read_text("METADATA") or ""), *texts):
            if files.wanted(path):
                files.take(path, text.encode())
        weighed = weigh(stated_in_archive(files.statements()))
        named = {license_id for license_id, _ in read_core_metadata(found.read_text("METADATA") or "")}
        count["distributions"] += 1
        if weighed.contradict:
            count["a contradiction is reported"] += 1
        elif weighed.stated and weighed.stated[0].license in named:
            count["the license of the metadata"] += 1
        elif weighed.stated and weighed.stated[0].license is None:
            count["unknown"] += 1
        else:
            count["a license that the metadata leave open"] += 1
    return count


def _files() -> str:
    return measure(iter([*installed(), *scancode()]))


def _distributions() -> str:
    return table(("outcome", "distributions"), list(judged().items()))


SECTIONS = (
    Section("rating.md", "license-files", _files),
    Section("rating.md", "license-distributions", _distributions),
)
