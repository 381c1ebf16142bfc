"""The policy knows what others know, and judges by use."""

import importlib

import pytest

from registry.domain.safety import SafetyStatus
from registry.formats.scanning.pickles.policy import Judgement, judge
from tests.scanning.scanning import details, scan, status
from trust.hiding import ECHO, SYSTEM, call, named

JUDGED_BY_USE = {
    ("functools", "partial"),  # harmless with a harmless function
    ("builtins", "getattr"),
    ("__builtin__", "getattr"),
    ("operator", "itemgetter"),
    ("_operator", "itemgetter"),
}
"""Named by picklescan, and harmless or not by what they are called with."""


def unsafe_names() -> list[tuple[str, str]]:
    listed: dict[str, str | set[str]] = importlib.import_module("picklescan.scanner")._unsafe_globals
    pairs = []
    for module, names in listed.items():
        each = [names] if isinstance(names, str) else sorted(names)
        pairs += [(module, "anything" if name == "*" else name) for name in each]
    return pairs


@pytest.mark.parametrize(("module", "name"), unsafe_names())
def test_every_name_that_picklescan_calls_unsafe_is_denied(module: str, name: str) -> None:
    assert (module, name) in JUDGED_BY_USE or judge(module, name) is Judgement.DENIED


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("acme", "system"),
        ("acme.tools", "Popen"),
        ("numpy", "os.system"),
        ("logging", "os"),
        ("decimal", "_sys"),
        ("scipy.sparse._csr", "np.load"),
        ("torch._utils", "torch.load"),
        ("copyreg", "_extension_cache"),
        ("numpy", "ndarray.__class__.__base__"),
        ("torch.fx.graph_module", "reduce_graph_module"),
        ("commands", "getoutput"),
    ],
)
def test_names_that_lead_to_denied_ones_are_denied(module: str, name: str) -> None:
    assert judge(module, name) is Judgement.DENIED


@pytest.mark.parametrize(
    ("module", "name"),
    [("datetime", "datetime.fromisoformat"), ("collections", "OrderedDict.fromkeys"), ("acme", "layers.Dense")],
)
def test_a_name_in_a_class_or_of_the_author_is_not_denied(module: str, name: str) -> None:
    assert judge(module, name) is Judgement.UNKNOWN


def test_a_name_that_is_only_named_is_suspicious() -> None:
    assert details(scan(b"\x80\x04" + SYSTEM + b".")) == {"suspicious: imports os.system"}


def test_an_unknown_name_is_suspicious() -> None:
    report = scan(b"\x80\x04" + call(named("acme", "thing"), ECHO) + b".")
    assert details(report) == {"suspicious: calls acme.thing, which is not known"}


def test_a_harmless_function_may_be_bound_and_a_denied_one_may_not() -> None:
    assert status(call(named("functools", "partial"), named("builtins", "int")) + b".") is SafetyStatus.CLEAN
    assert status(call(named("functools", "partial"), SYSTEM) + b".") is SafetyStatus.DANGEROUS


def test_an_enum_member_by_getattr_is_no_accusation() -> None:
    data = call(named("builtins", "getattr"), named("shapes", "Color"), b"S'RED'\n") + b"."
    assert status(data) is SafetyStatus.SUSPICIOUS


def test_a_class_that_may_be_made_may_not_be_called_with_arguments() -> None:
    made = b"\x80\x02csklearn.acme\nModel\n)\x81."
    called = b"\x80\x02csklearn.acme\nModel\n)R."
    assert status(made) is SafetyStatus.CLEAN
    assert status(called) is SafetyStatus.SUSPICIOUS
