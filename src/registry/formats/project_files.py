"""What a project's own files declare: tools in `pyproject.toml`, and the distributions it requires. Pure."""

import re
import tomllib
from collections.abc import Iterable
from typing import Any

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
_INSTALL = re.compile(r"\b(?:pip3?|uv|conda|mamba)(?:[ \t]+pip)?[ \t]+(?:install|add)[ \t]+([^`\n]{1,500})")


def distribution(name: str) -> str:
    """A distribution's or module's name in its normal form (PEP 503), renamed where the two differ."""
    normal = re.sub(r"[-_.]+", "-", name).lower()
    return DISTRIBUTION_OF_MODULE.get(normal, normal)


def requirement_names(lines: Iterable[str]) -> tuple[str, ...]:
    """The distributions that requirement lines (PEP 508, `requirements.txt`) name, normal form, each once."""
    names = (_NAME.match(line.strip()) for line in lines if not line.lstrip().startswith(("#", "-")))
    return tuple(dict.fromkeys(distribution(match[0]) for match in names if match))


def installed_names(text: str) -> tuple[str, ...]:
    """The distributions that commands in a text install (`pip install -U torch "transformers>=4"`)."""
    found: list[str] = []
    for line in text.splitlines():
        for arguments in _INSTALL.findall(line[:2_000]):
            for word in re.split(r"[\s\"',]+", re.split(r"[#;&|)]", arguments)[0]):
                address = re.fullmatch(r"(?:git\+)?https?://\S*?/([\w.-]+?)(?:\.git)?(?:@\S*)?", word)
                match = _NAME.match(address[1] if address else word)
                if match and not word.startswith("-"):
                    found.append(distribution(match[0]))
    return tuple(dict.fromkeys(found))


def configured_tools(pyproject: str | None) -> frozenset[str]:
    """The tables under `[tool]` of a `pyproject.toml`; empty when it is missing or cannot be read."""
    return frozenset(_table(_table(_toml(pyproject)).get("tool")))


def pyproject_requirements(pyproject: str | None) -> tuple[str, ...]:
    """The distributions that a `pyproject.toml` requires, its own name included."""
    project = _table(_toml(pyproject).get("project"))
    required = project.get("dependencies")
    lines = [line for line in required if isinstance(line, str)] if isinstance(required, list) else []
    name = project.get("name")
    return requirement_names([*lines, name] if isinstance(name, str) else lines)


def without_top(paths: list[str]) -> list[str]:
    """Paths without the single folder that holds them all, where there is one (as in a source distribution)."""
    tops = {path.split("/", 1)[0] for path in paths}
    if len(tops) == 1 and all("/" in path for path in paths):
        return [path.split("/", 1)[1] for path in paths]
    return paths


def _toml(text: str | None) -> dict[str, Any]:
    try:
        return tomllib.loads(text or "")
    except (ValueError, RecursionError):
        return {}


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
