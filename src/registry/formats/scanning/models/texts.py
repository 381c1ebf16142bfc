"""Text files that loaders act on: JSON, templates, path files of Python, YAML with Python objects."""

import re
from typing import TYPE_CHECKING

from registry.domain.safety import FindingLevel
from registry.formats.scanning.models.json_files import HINTS, MAX_JSON_BYTES, json_findings
from registry.formats.scanning.models.protobufs import scan_text_graph
from registry.formats.scanning.models.templates import is_template, template_findings
from registry.formats.scanning.pickles.policy import Judgement, judge
from registry.formats.scanning.sources import Source

if TYPE_CHECKING:
    from registry.formats.scanning.walk import Walk

_MAX_TEXT_BYTES = 4 * 1024 * 1024
_SMALL_JSON_BYTES = 1024 * 1024
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_TEMPLATES = (".jinja", ".jinja2", ".j2", ".chat_template", ".tmpl")
_YAML = (".yaml", ".yml")
_PATH_FILE_IMPORT = re.compile(r"^import[ \t](.*)$", re.MULTILINE)
_CALLS_IN_IMPORT = re.compile(
    r"\b(?:exec|eval|compile|system|popen|subprocess|urllib|socket|base64|zlib|marshal|codecs|b64decode|urlopen|requests"
    r"|getattr|open)\b"
)
_YAML_OBJECT = re.compile(r"!!python/(?:object(?:/apply|/new)?|name|module):([\w.]+)")


def scan_text(walk: "Walk", path: str, name: str, source: Source) -> None:
    """Any file may be text as well. Programs (Python, shell, notebooks) are ordinary: loading a model runs none."""
    lower = name.lower()
    begins = source.head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if begins in (b"{", b"["):
        _json(walk, path, source)
    if lower.endswith(_TEMPLATES):
        text = _text(walk, path, source)
        for level, detail in template_findings(text) if is_template(text) else ():
            walk.say(path, "template", level, detail)
    elif lower.endswith(".pth"):
        _path_file(walk, path, source)
    elif lower.endswith(".pbtxt"):
        scan_text_graph(walk, path, source)
    elif lower.endswith(_YAML):
        _yaml(walk, path, source)


def _json(walk: "Walk", path: str, source: Source) -> None:
    """Large files are parsed only if they name something of interest, perhaps in escapes."""
    if source.size > _SMALL_JSON_BYTES and not _names_something(source):
        return
    if source.size > MAX_JSON_BYTES:
        walk.collector.miss(path, "its JSON is too large to look at")
        return
    for level, detail in json_findings(_decoded(source.read(0, source.size))) or ():
        walk.say(path, "json", level, detail)


def _names_something(source: Source) -> bool:
    return any(HINTS.search(data) for _, data in source.pieces(overlap=256))


def _decoded(data: bytes) -> bytes:
    """As UTF-8 without a byte order mark."""
    if data.startswith(_MARKS[1:]):
        return data.decode("utf-16", "replace").encode()
    return data.removeprefix(_MARKS[0])


def _text(walk: "Walk", path: str, source: Source) -> str:
    if source.size > _MAX_TEXT_BYTES:
        walk.collector.miss(path, "it is too large to look at as text")
    return _decoded(source.read(0, _MAX_TEXT_BYTES)).decode("utf-8", "replace")


def _path_file(walk: "Walk", path: str, source: Source) -> None:
    """`site` runs each line of a path file that begins with `import`, whenever Python starts."""
    for match in _PATH_FILE_IMPORT.finditer(_text(walk, path, source).replace("\r", "\n")):
        level = FindingLevel.DANGEROUS if _CALLS_IN_IMPORT.search(match[1]) else FindingLevel.SUSPICIOUS
        walk.say(path, "path file", level, f"Python runs this line whenever it starts: import {match[1].strip()[:100]}")


def _yaml(walk: "Walk", path: str, source: Source) -> None:
    for match in _YAML_OBJECT.finditer(_text(walk, path, source)):
        module, _, name = match[1].rpartition(".")
        denied = judge(module or match[1], name) is Judgement.DENIED
        level = FindingLevel.DANGEROUS if denied else FindingLevel.SUSPICIOUS
        walk.say(path, "yaml", level, f"it makes an unsafe loader call {match[1]}"[:200])
