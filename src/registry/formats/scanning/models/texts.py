"""Text files that loaders act on: JSON, templates, what Python runs at its start, YAML with Python objects."""

import json
import re

from registry.domain.safety import FindingLevel
from registry.formats.scanning.models.json_files import HINTS, MAX_JSON_BYTES, json_findings, say_json
from registry.formats.scanning.models.protobufs import scan_text_graph
from registry.formats.scanning.models.templates import is_template, template_findings
from registry.formats.scanning.pickles.policy import Judgement, judge
from registry.formats.scanning.sources import Source
from registry.formats.scanning.walk import Walk

_MAX_TEXT_BYTES = 4 * 1024 * 1024
_SMALL_JSON_BYTES = 1024 * 1024
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_TEMPLATES = (".jinja", ".jinja2", ".j2", ".chat_template", ".tmpl")
_YAML = (".yaml", ".yml")
_PATH_FILE_IMPORT = re.compile(r"import[ \t](.*)")
_STARTED = re.compile(r"\s*([\w.]+)\s*:\s*([\w.]+)\s*")
_RUN_AT_START = ("sitecustomize.py", "usercustomize.py")
_CALLS_IN_IMPORT = re.compile(
    r"\b(?:exec|eval|compile|system|popen|subprocess|urllib|socket|base64|zlib|marshal|codecs|b64decode|urlopen|requests"
    r"|getattr|open)\b"
)
_YAML_OBJECT = re.compile(r"!!python/(?:object(?:/apply|/new)?|name|module):([\w.]+)")


def scan_text(walk: Walk, path: str, name: str, source: Source) -> None:
    """Any file may be text as well. Programs (Python, shell, notebooks) are ordinary: loading a model runs none."""
    lower = name.lower()
    encoding = json.detect_encoding(source.head[:4])
    begins = source.head[:256].decode(encoding, "replace").lstrip("\ufeff \t\r\n")[:1]
    if begins and begins in "{[":
        _json(walk, path, source)
    if lower.endswith(_TEMPLATES):
        text = _text(walk, path, source)
        for level, detail in template_findings(text) if is_template(text) else ():
            walk.say(path, "template", level, detail)
    elif lower.endswith(".pth"):
        _path_file(walk, path, source)
    elif lower.endswith(".start"):
        _start_file(walk, path, source)
    elif lower in _RUN_AT_START:
        walk.say(path, "python", FindingLevel.SUSPICIOUS, "Python runs a module of this name whenever it starts")
    elif lower.endswith(".pbtxt"):
        scan_text_graph(walk, path, source)
    elif lower.endswith(_YAML):
        _yaml(walk, path, source)


def _json(walk: Walk, path: str, source: Source) -> None:
    """Large files are parsed only if they name something of interest, perhaps in escapes."""
    encoding = json.detect_encoding(source.head[:4])
    is_utf_8 = encoding.startswith("utf-8")
    if is_utf_8 and source.size > _SMALL_JSON_BYTES and not _names_something(source):
        return
    if source.size > MAX_JSON_BYTES:
        walk.collector.miss(path, "its JSON is too large to look at")
        return
    data = source.read(0, source.size)
    found = json_findings(_decoded(data) if is_utf_8 else data.decode(encoding, "replace").encode("utf-8", "replace"))
    if found is not None:
        say_json(walk, path, found, "json")


def _names_something(source: Source) -> bool:
    return any(HINTS.search(data) for _, data in source.pieces(overlap=256))


def _decoded(data: bytes) -> bytes:
    """As UTF-8 without a byte order mark."""
    if data.startswith(_MARKS[1:]):
        return data.decode("utf-16", "replace").encode()
    return data.removeprefix(_MARKS[0])


def _text(walk: Walk, path: str, source: Source) -> str:
    if source.size > _MAX_TEXT_BYTES:
        walk.collector.miss(path, "it is too large to look at as text")
    return _decoded(source.read(0, _MAX_TEXT_BYTES)).decode("utf-8", "replace")


def _path_file(walk: Walk, path: str, source: Source) -> None:
    """`site` runs each line of a path file that begins with `import`, whenever Python starts."""
    for match in filter(None, map(_PATH_FILE_IMPORT.match, _text(walk, path, source).splitlines())):
        level = FindingLevel.DANGEROUS if _CALLS_IN_IMPORT.search(match[1]) else FindingLevel.SUSPICIOUS
        walk.say(path, "path file", level, f"Python runs this line whenever it starts: import {match[1].strip()[:100]}")


def _start_file(walk: Walk, path: str, source: Source) -> None:
    """From Python 3.15 on `site` calls what the lines of a start file name (PEP 829)."""
    for match in filter(None, map(_STARTED.fullmatch, _text(walk, path, source).splitlines())):
        denied = judge(match[1], match[2]) is Judgement.DENIED
        level = FindingLevel.DANGEROUS if denied else FindingLevel.SUSPICIOUS
        walk.say(path, "start file", level, f"Python calls this whenever it starts: {match[1]}:{match[2]}"[:200])


def _yaml(walk: Walk, path: str, source: Source) -> None:
    for match in _YAML_OBJECT.finditer(_text(walk, path, source)):
        module, _, name = match[1].rpartition(".")
        denied = judge(module or match[1], name) is Judgement.DENIED
        level = FindingLevel.DANGEROUS if denied else FindingLevel.SUSPICIOUS
        walk.say(path, "yaml", level, f"it makes an unsafe loader call {match[1]}"[:200])
