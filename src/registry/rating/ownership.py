"""Is a source repository the package's own, or has somebody linked a good one? Pure.

It is when the two refer to each other, or share files. The package refers to it, or it would not be known here. It
refers to the package when its README names the package (its full name, or its id on the hub) or its `pyproject.toml`
has the package's name; but not where the package's code is none of the repository's. They share files when as much as
a fifth of the package's code, or of its other files where it has no code, is in the repository too: files of one name,
folder and size.
"""

import re
from collections.abc import Iterable, Sequence

from registry.domain.evidence import ArchiveFacts, Fact, FactState, FileEntry, HubFacts, RepositoryLink, TreeFacts
from registry.domain.packages import Package
from registry.formats.project_files import distribution
from registry.formats.repository_urls import hub_name
from registry.rating.metrics.dataset_and_code import SOURCE_ENDINGS

_SHARED = 0.2
_LEAST_SHARED_BYTES = 200
_LEAST_FILE_BYTES = 32
_ENOUGH_CODE = 3
_CODE = (*SOURCE_ENDINGS, ".pyx")


def repository_link(
    name: str,
    package: Package,
    *,
    archive: Fact[ArchiveFacts],
    hub: Fact[HubFacts],
    readme: Fact[str],
    tree: Fact[TreeFacts],
) -> Fact[RepositoryLink]:
    """Whether the repository is the package's own, and why; failed where a source failed that could have shown it."""
    latency_ms = max(readme.latency_ms, tree.latency_ms)
    listed = tree.value.files if tree.value else ()
    own = [*(archive.value.files if archive.value else ()), *(hub.value.files if hub.value else ())]
    shared = _shared(own, listed)
    if shared:
        why = f"it has {len(shared)} of the package's files, {shared[0]} for one"
        return Fact("github", FactState.KNOWN, RepositoryLink(name, own=True, why=why), latency_ms=latency_ms)
    lost = next((fact for fact in (archive, hub, readme, tree) if fact.failed), None)
    refers = _reference(name, package, readme.value, tree.value)
    if refers is not None and not _contradicts(own, tree) and not archive.failed and not tree.failed:
        return Fact("github", FactState.KNOWN, RepositoryLink(name, own=True, why=refers), latency_ms=latency_ms)
    if lost is not None:
        reason = f"whether {name} is the package's own could not be seen: {lost.reason}"
        return Fact(lost.source, FactState.FAILED, reason=reason, latency_ms=latency_ms)
    why = (
        f"{refers}, but has none of its code"
        if refers is not None
        else "it neither names the package nor shares files with it"
    )
    return Fact("github", FactState.KNOWN, RepositoryLink(name, own=False, why=why), latency_ms=latency_ms)


def _reference(name: str, package: Package, readme: str | None, tree: TreeFacts | None) -> str | None:
    """How the repository refers to the package, None where it does not."""
    on_hub = hub_name(package.source_url)
    for wanted in (package.name, on_hub[1] if on_hub else None):
        if wanted and len(wanted) > 2 and readme and _names(readme, wanted):
            return f"its README names {wanted}"
    space, _, tail = package.name.rpartition("/")
    declared = tree.project.name if tree and tree.project else None
    if declared and declared == distribution(tail) and space.lower() in ("", name.split("/", 1)[0].lower()):
        return "its pyproject.toml has the package's name"
    return None


def _names(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", text, re.IGNORECASE) is not None


def _contradicts(own: Sequence[FileEntry], tree: Fact[TreeFacts]) -> bool:
    """Whether the package has code of its own, and the repository none of it, not even by name."""
    code = {_tail(file.path) for file in own if file.size and file.path.lower().endswith(_CODE)}
    if len(code) < _ENOUGH_CODE or tree.value is None or tree.value.truncated:
        return False
    return code.isdisjoint(_tail(file.path) for file in tree.value.files)


def _shared(own: Sequence[FileEntry], listed: Iterable[FileEntry]) -> list[str]:
    """The package's files that are in the repository, where they are enough of it; code first, if it has any."""
    there = {(_tail(file.path), file.size) for file in listed if file.size >= _LEAST_FILE_BYTES}
    code = [file for file in own if file.path.lower().endswith(_CODE)]
    compared = [file for file in code or own if file.size >= _LEAST_FILE_BYTES]
    found = [file for file in compared if (_tail(file.path), file.size) in there]
    in_common, in_all = sum(file.size for file in found), sum(file.size for file in compared)
    if in_common < _LEAST_SHARED_BYTES or in_common < _SHARED * in_all:
        return []
    return [file.path for file in found]


def _tail(path: str) -> str:
    """The file's name and its folder's."""
    return "/".join(path.rsplit("/", 2)[-2:])
