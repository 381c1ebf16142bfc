"""What a walk over an archive collects. Whoever walks asks `wanted` for each file, and gives what it asked for."""

import re
from dataclasses import dataclass
from typing import IO

from registry.domain.evidence import ArchiveFacts, FileEntry
from registry.formats.licenses.files import LicenseFiles
from registry.formats.licenses.metadata import read_description
from registry.formats.project_files import read_project, requirement_names
from registry.formats.python_sources import PythonSource, read_python

KIB, MIB = 1024, 1024 * 1024


@dataclass(frozen=True, slots=True)
class InspectionLimits:
    """How far a look goes; what is beyond is said in the facts, never guessed.

    `listed_files` are named in the evidence.
    """

    listed_files: int = 2_000
    text_bytes: int = 256 * KIB
    python_file_bytes: int = 512 * KIB
    python_bytes: int = 8 * MIB
    python_files: int = 500


@dataclass(frozen=True, slots=True)
class _Text:
    path: str
    text: str

    @property
    def rank(self) -> tuple[bool, int]:
        """Less is better: a card with front matter before all others, then what is nearer to the root."""
        return not self.text.startswith("---"), self.path.count("/")


_README = re.compile(r"(?:^|/)(?:readme|model_?card)\.(?:md|markdown|rst|txt)$|(?:^|/)readme$", re.IGNORECASE)
_REQUIRES = re.compile(r"^(?:Requires-Dist|Name):[ \t]*(\S[^\r\n]{0,300})", re.MULTILINE)
_PROJECT_URL = re.compile(r"^(?:Home-page|Project-URL:[^,\r\n]{0,80},)[: \t]*(https?://\S{1,300})", re.MULTILINE)


class Inspection:
    """Gathers facts file by file; `facts` makes the whole."""

    def __init__(self, limits: InspectionLimits | None = None) -> None:
        self._limits = limits or InspectionLimits()
        self._files: list[FileEntry] = []
        self._truncated = False
        self._read_whole = True
        self._licenses = LicenseFiles()
        self._is_wheel = False
        self._texts: dict[str, _Text] = {}
        self._python: list[PythonSource] = []
        self._python_bytes = 0

    def wanted(self, path: str, size: int) -> int:
        """Note a file, and how many of its first bytes `take` needs; 0 when it needs none."""
        if len(self._files) < self._limits.listed_files:
            self._files.append(FileEntry(path, size))
        else:
            self._truncated = True
        self._is_wheel = self._is_wheel or path.endswith(".dist-info/WHEEL")
        for_license = self._licenses.wanted(path)
        if path.endswith(".py"):
            return self._python_wanted(size)
        for_text = self._limits.text_bytes if _text_role(path) else 0
        return min(size, max(for_text, for_license))

    def take(self, path: str, file: IO[bytes]) -> None:
        """Look at a file that was wanted: `file` holds as many bytes as asked for, or fewer where it is damaged."""
        if path.endswith(".py"):
            data = file.read(self._limits.python_file_bytes)
            self._python.append(PythonSource(path, data.decode("utf-8", "replace")))
            return
        data = file.read()
        if role := _text_role(path):
            self._keep(role, path, data[: self._limits.text_bytes])
        self._licenses.take(path, data)

    def miss(self, path: str) -> None:
        """Note that a file that was wanted cannot be read."""
        self._licenses.take(path, None)

    def cut(self) -> None:
        """Note that the walk ended before the archive did."""
        self._truncated = True
        self._read_whole = False

    def facts(self) -> ArchiveFacts:
        """The facts; asks ruff, so this takes a moment (in a thread)."""
        texts = {role: kept.text for role, kept in self._texts.items()}
        required = [*_REQUIRES.findall(texts.get("metadata", "")), *texts.get("requirements", "").splitlines()]
        urls = _PROJECT_URL.findall(texts.get("metadata", ""))
        return ArchiveFacts(
            files=tuple(self._files),
            truncated=self._truncated,
            is_wheel=self._is_wheel,
            python=read_python(self._python) if self._python else None,
            requirements=requirement_names(required),
            readme=self._readme(texts),
            project=read_project(texts.get("pyproject")),
            project_urls=tuple(dict.fromkeys(urls))[:10],
            licenses=self._licenses.statements(),
            read_whole=self._read_whole,
        )

    def _readme(self, texts: dict[str, str]) -> str | None:
        """The README. In a wheel that is its description: a README inside of it is a part's, unless it is a card."""
        inside = texts.get("readme")
        described = read_description(texts.get("metadata", ""))
        if self._is_wheel and described and not (inside or "").startswith("---"):
            return described
        return inside or described

    def _python_wanted(self, size: int) -> int:
        limits = self._limits
        within = len(self._python) < limits.python_files and self._python_bytes + size <= limits.python_bytes
        if not within or not 0 < size <= limits.python_file_bytes:
            return 0
        self._python_bytes += size
        return size

    def _keep(self, role: str, path: str, data: bytes) -> None:
        text = _Text(path, data.decode("utf-8", "replace").replace("\0", "\ufffd"))
        kept = self._texts.get(role)
        if kept is None or text.rank < kept.rank:
            self._texts[role] = text


def _text_role(path: str) -> str | None:
    name = path.rsplit("/", 1)[-1]
    if _README.search(path):
        return "readme"
    if name == "METADATA" and ".dist-info/" in path:
        return "metadata"
    if name == "PKG-INFO" and ".egg-info/" not in path:
        return "metadata"
    if name.startswith("requirements") and name.endswith(".txt"):
        return "requirements"
    return "pyproject" if name == "pyproject.toml" else None
