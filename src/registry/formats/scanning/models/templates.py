"""Chat templates: Jinja that reaches into Python through attributes runs code where it is not in a sandbox
(CVE-2024-34359)."""

import re
from collections.abc import Iterator

from registry.domain.safety import FindingLevel
from registry.formats.scanning.models.template_trees import computed_lookup

_CODE = re.compile(r"\{\{(.*?)(?:\}\}|\Z)|\{%(.*?)(?:%\}|\Z)", re.DOTALL)
_LINE_STATEMENT = re.compile(r"^[ \t]*(?:#|%)[ \t]*(?:set|for|if|import|from|include)\b(.*)$", re.MULTILINE)
_HIDDEN = re.compile(
    r"__(?:class|globals|builtins|import|subclasses|mro|base|bases|init|dict|code|closure|func|self|getattribute|call"
    r"|reduce|reduce_ex|loader|spec|module|name|doc|new|del|enter|exit|kwdefaults|wrapped)__"
)
_ATTRIBUTES = re.compile(
    r"\b(?:f_globals|f_builtins|f_locals|gi_frame|gi_code|cr_frame|ag_frame|tb_frame|func_globals|mro|_module)\b\s*(?:[(.\[|]|$)"
)
_CALLS = re.compile(r"\b(?:os|subprocess|sys|importlib|builtins)\s*\.\s*\w+|\b(?:popen|eval|exec|__import__)\s*\(")
_ESCAPED = re.compile(r"\\x5f|\\u005f|\\137|\\N\{LOW LINE\}", re.IGNORECASE)
_COMPUTED = re.compile(
    r"\|\s*attr\b|\bgetattr\s*\(|\|\s*map\s*\(\s*(?:attribute\s*=\s*)?['\"]_|\[\s*['\"]_+['\"]\s*[~+*%]"
)
_JOINED = re.compile(r"['\"]\s*[~+]\s*['\"]")


def template_findings(text: str) -> Iterator[tuple[FindingLevel, str]]:
    """What in a template reaches beyond the messages that it formats."""
    for code in _statements(text):
        plain = _JOINED.sub("", _ESCAPED.sub("_", code))
        if found := _HIDDEN.search(plain):
            yield FindingLevel.DANGEROUS, f"its template reads the attribute {found[0]}"
        elif found := _CALLS.search(plain):
            yield FindingLevel.DANGEROUS, f"its template calls {found[0][:60]}"
        elif found := _ATTRIBUTES.search(plain):
            yield FindingLevel.SUSPICIOUS, f"its template reads the attribute {found[0][:60].strip()}"
        elif _COMPUTED.search(plain):
            yield FindingLevel.SUSPICIOUS, "its template reads an attribute of a computed name"
    if found_later := computed_lookup(text):
        yield FindingLevel.SUSPICIOUS, f"its template uses {found_later}"


def is_template(text: str) -> bool:
    return "{{" in text or "{%" in text


def _statements(text: str) -> Iterator[str]:
    for match in _CODE.finditer(text):
        yield match[1] if match[1] is not None else match[2]
    for line in _LINE_STATEMENT.finditer(text):
        yield line[1]
