"""Writes `src/registry/formats/licenses/spdx_templates.bin` from the license list of SPDX.

`python -m trust.license_list FOLDER`, where FOLDER has `licenses.json` and one JSON file a license, as in
https://github.com/spdx/license-list-data (folder `json`, with `json/details` beside it or in it) and in
`resources/stdlicenses` of SPDX's Java library. The list is in the public domain (CC0-1.0). Deprecated ids are left out.
"""

import json
import re
import sys
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from re import _parser  # type: ignore[attr-defined]  # the one reader of regular expressions as trees
from typing import Any

from registry.formats.licenses import templates
from registry.formats.licenses.matching import is_bullet
from registry.formats.licenses.templates import PHRASE_WORDS
from registry.formats.licenses.words import words_of

Nodes = list[Any]
_PARTS = re.compile(r"<<(beginOptional|endOptional|var)(.*?)>>(?=[^>]|$)", re.DOTALL)
_FIELD = re.compile(r'name="(?P<name>.*?)";original="(?P<original>.*?)";match="(?P<match>.*)"\s*$', re.DOTALL)
_ANY = "\0"
_LONG_FIELD, _FIELD_WORDS = 120, 40
_BLOCK_BYTES = 96 * 1024
_MOST_WAYS = 64
_TITLE_WORDS = {"the", "license", "terms", "text", "of"}
_ALSO_CALLED = {"MIT": {"expat"}, "BSD-2-Clause": {"freebsd"}, "0BSD": {"0bsd", "free", "public"}}


def read_template(text: str) -> Nodes:
    """The nodes of one template."""
    stack: list[Nodes] = [[]]
    end = 0
    for part in _PARTS.finditer(text):
        _add_words(stack[-1], text[end : part.start()])
        end = part.end()
        if part[1] == "beginOptional":
            stack.append([])
        elif part[1] == "endOptional":
            inner = stack.pop()
            if inner:
                stack[-1].append(["?", inner])
        else:
            stack[-1] += _field(part[2])
    _add_words(stack[0], text[end:])
    if len(stack) != 1:
        raise ValueError("an optional part does not end")
    return stack[0]


def _add_words(nodes: Nodes, text: str) -> None:
    if words := " ".join(words_of(text)):
        if nodes and isinstance(nodes[-1], str):
            nodes[-1] += " " + words
        else:
            nodes.append(words)


def _field(text: str) -> Nodes:
    field = _FIELD.search(text)
    if field is None:
        raise ValueError(f"no field: {text!r}")
    if field["match"] == ".{0,20}" or field["name"].startswith("bullet"):
        original = words_of(field["original"])
        return [["b"]] if all(map(is_bullet, original)) else [["?", [" ".join(original)]], ["b"]]
    if field["match"] == ".{0,5000}":
        return [["*", _LONG_FIELD]]
    try:
        ways = _ways(_parser.parse(field["match"]))
    except OverflowError:
        ways = []  # a text that only this open expression matches stays unknown
    alternatives: list[Nodes] = []
    for way in [field["original"], *ways]:
        nodes = _way_nodes(way)
        if nodes not in alternatives:
            alternatives.append(nodes)
    return alternatives[0] if len(alternatives) == 1 else [["|", *alternatives]]


def _way_nodes(way: str) -> Nodes:
    nodes: Nodes = []
    for place, fixed in enumerate(way.split(_ANY)):
        if place:
            nodes.append(["*", _FIELD_WORDS])
        _add_words(nodes, fixed)
    return nodes


def _ways(tree: Any) -> list[str]:
    """All texts that an expression matches; what is open in it comes out as `_ANY`."""
    ways = [""]
    for kind, value in tree:
        ways = [way + more for way in ways for more in _ways_of(str(kind), value)]
        if len(ways) > _MOST_WAYS:
            raise OverflowError
    return ways


def _ways_of(kind: str, value: Any) -> list[str]:
    if kind == "LITERAL":
        return [chr(value)]
    if kind == "SUBPATTERN":
        return _ways(value[-1])
    if kind == "BRANCH":
        return [way for branch in value[1] for way in _ways(branch)]
    if kind == "IN":
        return _ways_of_class(value)
    if kind == "MAX_REPEAT":
        least, _, tree = value
        inner = _ways(tree)
        return inner if least else ["", *inner]
    if kind == "AT":
        return [""]
    return [_ANY]


def _ways_of_class(value: Any) -> list[str]:
    if all(str(kind) == "LITERAL" for kind, _ in value) and len(value) <= 6:
        return sorted({" " if chr(code).isspace() else chr(code) for _, code in value})
    if [(str(kind), str(what)) for kind, what in value] == [("CATEGORY", "CATEGORY_SPACE")]:
        return [" "]
    return [_ANY]


def _phrases(nodes: Nodes) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, str):
            words = node.split()
            yield from (" ".join(words[at : at + PHRASE_WORDS]) for at in range(len(words) - PHRASE_WORDS + 1))


def _read_folder(folder: Path) -> tuple[str, dict[str, list[dict[str, str]]]]:
    """The list's version, and for each template in its one form the licenses that have it."""
    listed = json.loads((folder / "licenses.json").read_text("utf-8"))
    details = folder / "details" if (folder / "details").is_dir() else folder
    found: dict[str, list[dict[str, str]]] = defaultdict(list)
    for entry in sorted(listed["licenses"], key=lambda it: it["licenseId"]):
        if entry["isDeprecatedLicenseId"]:
            continue
        license_ = json.loads((details / f"{entry['licenseId']}.json").read_text("utf-8"))
        for member in ("standardLicenseTemplate", "standardLicenseHeaderTemplate"):
            text = license_.get(member)
            nodes = read_template(text) if text else []
            if any(_phrases(nodes)):
                found[json.dumps(nodes, ensure_ascii=False)].append(license_)
    return f"{listed['licenseListVersion']} of {listed['releaseDate'][:10]}", found


def _strictest(license_ids: list[str]) -> str:
    """Of licenses with one text: the `-only` one, else the plainest name."""
    return min(license_ids, key=lambda it: (not it.endswith("-only"), len(it), it))


def write(folder: Path, target: Path) -> int:
    """Gives the number of templates."""
    version, found = _read_folder(folder)
    spread = Counter(phrase for text in found for phrase in set(_phrases(json.loads(text))))
    entries: list[dict[str, Any]] = []
    phrases: dict[str, list[int]] = defaultdict(list)
    blocks: list[list[Any]] = [[]]
    size = 0
    for number, (text, licenses) in enumerate(found.items()):
        nodes = json.loads(text)
        if size > _BLOCK_BYTES:
            blocks.append([])
            size = 0
        own = list(dict.fromkeys(_phrases(nodes)))
        rare = sorted(own, key=lambda phrase: (spread[phrase], own.index(phrase)))[:1]
        rare += sorted(own[: len(own) // 2] or own, key=lambda phrase: spread[phrase])[:1]
        titles = _TITLE_WORDS.union(*(words_of(it["name"] + " " + it["licenseId"]) for it in licenses))
        titles |= {word for it in licenses for word in _ALSO_CALLED.get(it["licenseId"], ())}
        entries.append(
            {
                "id": _strictest([it["licenseId"] for it in licenses]),
                "titles": sorted(titles),
                "phrases": sorted(set(rare)),
                "block": len(blocks) - 1,
                "place": len(blocks[-1]),
            }
        )
        phrases[rare[0]].append(number)
        blocks[-1].append(nodes)
        size += len(text)
    packed = [
        zlib.compress(json.dumps(block, ensure_ascii=False, separators=(",", ":")).encode(), 9) for block in blocks
    ]
    places, start = [], 0
    for data in packed:
        places.append((start, len(data)))
        start += len(data)
    index = {"version": version, "blocks": places, "phrases": phrases, "templates": entries}
    head = zlib.compress(json.dumps(index, ensure_ascii=False, separators=(",", ":")).encode(), 9)
    target.write_bytes(len(head).to_bytes(4) + head + b"".join(packed))
    return len(entries)


if __name__ == "__main__":
    written = Path(templates.__file__).with_name("spdx_templates.bin")
    count = write(Path(sys.argv[1]), written)
    sys.stdout.write(f"{count} templates, {written.stat().st_size:,} bytes\n")
