"""What a project's own files declare: tools in `pyproject.toml`, and the distributions it requires. Pure."""

import re
import tomllib
from collections.abc import Iterable
from typing import Any

from registry.domain.card_facts import ProjectFacts
from registry.formats.cards import Card

# Modules whose distribution has another name, from what model cards import most.
DISTRIBUTION_OF_MODULE = {
    "pil": "pillow",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "clip": "openai-clip",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "faiss": "faiss-cpu",
    "fitz": "pymupdf",
    "git": "gitpython",
    "jose": "python-jose",
    "sklearn": "scikit-learn",
    "skimage": "scikit-image",
    "whisper": "openai-whisper",
    "yaml": "pyyaml",
}
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,100}[A-Za-z0-9])?")
_INSTALL = re.compile(
    r"\b(?:(?:pip3?|uv|pipx|conda|mamba|micromamba|npm|pnpm|yarn|cargo|brew|apt-get|apt|gem|go|poetry|pdm)"
    r"(?:[ \t]+pip)?[ \t]+(?:install|add|get|i)|docker[ \t]+(?:run|pull)"
    r"|git[ \t]+(?:lfs[ \t]+)?clone|uvx|npx)[ \t]+([^`\n]{1,500})"
)
_PROMPT = (
    r"[ \t]{0,20}(?:\([\w.]{1,30}\)[ \t]{0,4})?(?:[$>!%][ \t]{0,4})?(?:sudo[ \t]+|python3?[ \t]+-m[ \t]+|RUN[ \t]+)?"
)
_COMMAND = re.compile(_PROMPT + _INSTALL.pattern)
_INLINE = re.compile(r"`([^`\n]{1,500})`")
_MAX_DECLARED = 500
_MAX_COMMAND = 2_000


def distribution(name: str) -> str:
    """A distribution's or module's name in its normal form (PEP 503), renamed where the two differ."""
    normal = re.sub(r"[-_.]+", "-", name).lower()
    return DISTRIBUTION_OF_MODULE.get(normal, normal)


def requirement_names(lines: Iterable[str]) -> tuple[str, ...]:
    """The distributions that requirement lines (PEP 508, `requirements.txt`) name, normal form, each once."""
    names = (_NAME.match(line.strip()) for line in lines if not line.lstrip().startswith(("#", "-")))
    return tuple(dict.fromkeys(distribution(match[0]) for match in names if match))


def install_commands(card: Card) -> tuple[str, ...]:
    """The commands of a card that install something: lines of code or prose, and what its prose has in backticks."""
    lines = [line for block in card.code for line in block.text.splitlines()]
    lines += (command for line in card.prose for command in (line, *_INLINE.findall(line)))
    return tuple(line[:_MAX_COMMAND] for line in lines if _COMMAND.match(line[:_MAX_COMMAND]))


def installed_names(lines: Iterable[str]) -> tuple[str, ...]:
    """What commands install: distributions (`pip install -U torch "transformers>=4"`), images, repositories.

    A folder (`pip install -e .`) and a list (`-r requirements.txt`) come out as `.`.
    """
    found: list[str] = []
    for line in lines:
        for arguments in _INSTALL.findall(line[:_MAX_COMMAND]):
            for word in re.split(r"[\s\"',]+", re.split(r"[#;&|)]", arguments)[0]):
                if re.match(r"(?:\.|-r$|--requirement)", word):
                    found.append(".")
                    continue
                address = re.fullmatch(r"(?:git\+)?(?:https?://|git@)\S*?/([\w.-]+?)(?:\.git)?(?:@\S*)?", word)
                match = _NAME.match(address[1] if address else word.rsplit("/", 1)[-1])
                if match and not word.startswith("-"):
                    found.append(distribution(match[0]))
    return tuple(dict.fromkeys(found))


def read_project(pyproject: str | None) -> ProjectFacts | None:
    """What a `pyproject.toml` declares; None without one. One that cannot be read declares nothing."""
    if pyproject is None:
        return None
    document = read_toml(pyproject)
    project = table_of(document.get("project"))
    required, name = project.get("dependencies"), project.get("name")
    lines = [line for line in required if isinstance(line, str)] if isinstance(required, list) else []
    return ProjectFacts(
        name=distribution(name) if isinstance(name, str) and _NAME.fullmatch(name) else None,
        tools=tuple(sorted(table_of(document.get("tool"))))[:_MAX_DECLARED],
        requirements=requirement_names(lines)[:_MAX_DECLARED],
    )


def without_top(paths: list[str]) -> list[str]:
    """Paths without the single folder that holds them all, where there is one (as in a source distribution)."""
    tops = {path.split("/", 1)[0] for path in paths}
    if len(tops) == 1 and all("/" in path for path in paths):
        return [path.split("/", 1)[1] for path in paths]
    return paths


def read_toml(text: str | None) -> dict[str, Any]:
    """The document; empty where the text is missing or no TOML."""
    try:
        return tomllib.loads(text or "")
    except (ValueError, RecursionError):
        return {}


def table_of(value: object) -> dict[str, Any]:
    """The table that a value is; empty where it is none."""
    return value if isinstance(value, dict) else {}
