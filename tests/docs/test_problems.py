"""Every error has a kind of problem, and every kind is explained."""

import inspect
import re

from registry.api.problems import HTTP_PROBLEMS, PROBLEMS, problem_kinds
from registry.domain import errors, serving_errors
from tests.docs.conftest import ROOT

PAGE = (ROOT / "docs" / "problems.md").read_text(encoding="utf-8")


def test_every_error_has_a_kind() -> None:
    classes = {
        member
        for module in (errors, serving_errors)
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, errors.RegistryError) and member is not errors.RegistryError
    }
    assert classes == PROBLEMS.keys()


def test_kinds_with_one_slug_are_one() -> None:
    for kind in (*PROBLEMS.values(), *HTTP_PROBLEMS.values()):
        assert problem_kinds()[kind.slug] == kind
    for status, kind in HTTP_PROBLEMS.items():
        assert kind.status == status


def test_every_kind_is_explained() -> None:
    explained = re.findall(r"^### (\S+)\n\n\*\*(\d{3}), (.+?)\.\*\* \S", PAGE, re.MULTILINE)
    assert sorted(explained) == sorted((kind.slug, str(kind.status), kind.title) for kind in problem_kinds().values())


def test_the_tree_of_errors_is_drawn_whole() -> None:
    drawn = re.findall(r"[├└]── (\w+)", errors.__doc__ or "")
    assert sorted(drawn) == sorted(kind.__name__ for kind in PROBLEMS)
