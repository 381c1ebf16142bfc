"""No module imports, over others, itself: whoever reads or changes one would have to know all of them."""

from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

import grimp


def find_cycle(graph: grimp.ImportGraph) -> list[str]:
    """The imports of one cycle, with their lines; nothing where there is none."""
    try:
        TopologicalSorter({each: graph.find_modules_directly_imported_by(each) for each in graph.modules}).prepare()
    except CycleError as error:
        modules: list[str] = error.args[1]
        return [
            f"{importer} -> {imported}, line {detail['line_number']}"
            for imported, importer in pairwise(modules)
            for detail in graph.get_import_details(importer=importer, imported=imported)
        ]
    return []


def test_the_modules_import_each_other_without_a_cycle() -> None:
    # Imports for types only and those inside functions count: they hide a cycle, and do not end it.
    graph = grimp.build_graph("registry", cache_dir=None, exclude_type_checking_imports=False)
    assert len(graph.modules) > 500
    assert find_cycle(graph) == []


def test_a_cycle_is_shown_by_its_imports() -> None:
    graph = grimp.ImportGraph()
    for number, (importer, imported) in enumerate([("a", "b"), ("b", "c"), ("c", "a"), ("d", "a")], 1):
        graph.add_import(importer=importer, imported=imported, line_number=number, line_contents="import")
    assert sorted(find_cycle(graph)) == ["a -> b, line 1", "b -> c, line 2", "c -> a, line 3"]
