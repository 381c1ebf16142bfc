"""No way to hide a call is missed, wherever the pickle lies, and no ordinary file is called dangerous."""

import pytest

from registry.domain.safety import FindingLevel, SafetyStatus
from tests.scanning.scanning import scan, status
from trust.containers import CONTAINERS
from trust.harmless import OWN_CLASSES, harmless_files
from trust.hiding import HARMLESS, LARGE, METHODS

SAMPLE = ("protocol 0", "protocol 4", "computed names", "after a prefix")


@pytest.mark.parametrize("method", METHODS)
def test_a_hidden_call_is_found(method: str) -> None:
    report = scan(METHODS[method], "model.pkl")
    assert FindingLevel.DANGEROUS in {finding.level for finding in report.findings}
    assert "model.pkl" in {finding.path.split("!/")[0] for finding in report.findings}


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_call_is_found_in_every_container(container: str) -> None:
    for method in SAMPLE:
        name, data = CONTAINERS[container](METHODS[method])
        assert status(data, name) is SafetyStatus.DANGEROUS, method


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_harmless_pickle_is_dangerous_in_no_container(container: str) -> None:
    name, data = CONTAINERS[container](HARMLESS)
    assert not scan(data, name).findings


@pytest.mark.parametrize("method", LARGE)
def test_a_call_after_much_else_is_found(method: str) -> None:
    assert status(LARGE[method](), "model.pkl") is SafetyStatus.DANGEROUS


def test_files_that_the_libraries_write_are_clean() -> None:
    count = 0
    for library, name, data in harmless_files():
        count += 1
        report = scan(data, name)
        assert FindingLevel.DANGEROUS not in {finding.level for finding in report.findings}, (name, report)
        assert library in OWN_CLASSES or (not report.findings and not report.not_scanned), (name, report)
    assert count >= 79


def test_a_path_in_nested_archives_names_each() -> None:
    name, data = CONTAINERS["zip three deep"](METHODS["protocol 2"])
    assert {finding.path for finding in scan(data, name).findings} == {"outer.zip!/inner.zip!/model.pkl"}
