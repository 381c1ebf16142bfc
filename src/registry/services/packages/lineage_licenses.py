"""License conflicts in a lineage: what a package's license does not allow with what it is made from."""

from dataclasses import dataclass
from functools import cache

from registry.formats.license_expressions import check_license
from registry.formats.license_trees import LicenseUse
from registry.services.packages.catalog import Lineage

_MADE_FROM = frozenset({"base_model", "training_dataset", "dataset", "finetuned_from"})
"""Relations whose result is a derivative; others are used unchanged."""
MOST_CONFLICTS = 200


@dataclass(frozen=True, slots=True)
class LicenseConflict:
    """`source` states a license under which it may not use `target`."""

    source: str
    target: str
    reason: str


def find_conflicts(lineage: Lineage) -> list[LicenseConflict]:
    """The conflicts along each edge and between the package and each of its ancestors, `MOST_CONFLICTS` at most.

    Licenses are those of the records. A package that states none is no conflict by itself: its rating says so.
    """
    licenses = {node.id: node.package.license for node in lineage.nodes if node.package and node.package.license}
    root = lineage.nodes[0].id
    uses = {(root, node.id): LicenseUse.FINE_TUNE for node in lineage.nodes[1:]}
    uses.update({(edge.source, edge.target): LicenseUse.RUN for edge in lineage.edges})
    derived = [edge for edge in lineage.edges if edge.relation in _MADE_FROM]
    uses.update({(edge.source, edge.target): LicenseUse.FINE_TUNE for edge in derived})
    answers = cache(check_license)
    found = []
    for (source, target), use in uses.items():
        if source not in licenses or target not in licenses or source == target:
            continue
        answer = answers(licenses[target], licenses[source], use)
        if not answer.compatible:
            found.append(LicenseConflict(source, target, answer.reason))
        if len(found) == MOST_CONFLICTS:
            break
    return found
