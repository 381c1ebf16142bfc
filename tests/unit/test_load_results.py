"""The load test's raw results: kept, read, and judged against the targets and against another run."""

from dataclasses import replace
from pathlib import Path

import pytest

from load import compare, results
from load.histogram import Distribution
from load.markdown import amount, figure, table
from load.noise import Figure, Rounds, read_setups
from load.results import Operation, Quantiles, Scenario, StoreCalls, Usage


def scenario(*, mean_ms: float = 10.0, count: int = 20_000, failed: int = 0, number: int = 1) -> Scenario:
    times = Distribution(((mean_ms, count),), mean_ms * count, mean_ms)
    total = Operation(times, {"status 500": failed} if failed else {})
    usage = (Usage(0.0, "registry", 1.0, 100), Usage(10.0, "registry", 10.0, 300))
    return Scenario(
        name="closed",
        generator="light",
        clients=100,
        arrivals_per_second=None,
        packages=500,
        workers=1,
        seconds=10.0,
        facts={"backend": "embedded"},
        operations={"read": total, "list": Operation(Quantiles(1, 2.0, 3.0, 4.0, 5.0, 6.0))},
        total=total,
        timeline=(2_000, 2_000),
        usage=usage,
        stores=(StoreCalls("packages", "get", 3, 0.5, None),),
        round=number,
    )


def rounds(*means_ms: float) -> Rounds:
    return Rounds(tuple(scenario(mean_ms=mean, number=number) for number, mean in enumerate(means_ms, 1)))


def mean_ms(one: Scenario) -> float:
    return one.total.summary().mean_ms


def test_results_survive_being_kept(tmp_path: Path) -> None:
    kept = [scenario(failed=3, number=number) for number in (1, 2)]
    for one in reversed(kept):
        results.write(tmp_path / "standard", one)
    assert read_setups(tmp_path) == {"standard": {"closed": Rounds(tuple(kept))}}


def test_the_digest_is_of_every_file_and_every_byte(tmp_path: Path) -> None:
    path = results.write(tmp_path / "standard", scenario())
    digests = {results.digest(tmp_path)}
    path.write_text(path.read_text().replace("embedded", "scaled"))
    digests.add(results.digest(tmp_path))
    results.write_run(tmp_path, {"commit": "abc"})
    digests.add(results.digest(tmp_path))
    assert len(digests) == 3
    assert results.read_run(tmp_path) == {"commit": "abc"}


def test_facts_of_the_run_before_are_kept(tmp_path: Path) -> None:
    results.keep_run_before(tmp_path)  # there is none
    results.write_run(tmp_path, {"commit": "abc"})
    results.keep_run_before(tmp_path)
    results.write_run(tmp_path, {"commit": "def"})
    assert (results.read_run_before(tmp_path), results.read_run(tmp_path)) == ({"commit": "abc"}, {"commit": "def"})


def test_the_cores_of_a_process_are_its_cpu_time_over_time() -> None:
    assert scenario().cores("registry") == pytest.approx(0.9)
    assert scenario().memory_bytes("registry") == 300
    assert (scenario().cores("nothing"), scenario().memory_bytes("nothing")) == (0.0, 0)


def test_targets_are_judged_one_by_one() -> None:
    assert rounds(10.0).missed("ours") == []
    one_failed = Rounds((scenario(failed=1),))
    assert one_failed.missed("floor") == []
    assert one_failed.missed("ours") == ["errors 0.01%"]
    slow = Rounds((scenario(mean_ms=600.0, count=500),))
    assert slow.missed("floor") == ["mean 600.0 ms", "p95 600.0 ms", "50 requests/s"]


def test_a_target_is_about_the_mean_of_the_rounds() -> None:
    assert rounds(50.0, 140.0).missed("ours") == []
    assert rounds(50.0, 160.0).missed("ours") == ["p95 105.0 ms"]


def test_noise_is_that_of_the_difference_of_two_runs() -> None:
    # Student's t for 4 degrees of freedom is 2.776; the standard deviation is √2.5 and each run has five rounds.
    found = Figure.of([8.0, 9.0, 10.0, 11.0, 12.0])
    assert found.value == 10.0
    assert found.noise == pytest.approx(2.776 * 2.5**0.5 * (2 / 5) ** 0.5)
    assert found.share == pytest.approx(0.2776, rel=1e-3)
    assert Figure.of([3.0]) == Figure(3.0, None)
    assert Figure.of([0.0, 0.0]).share is None


def test_figures_of_two_runs_agree_within_the_noise() -> None:
    here = {"closed": rounds(9.0, 10.0, 11.0)}
    same = compare.pairs(here, {"closed": rounds(10.0, 11.0, 12.0)})
    assert all(pair.agrees for pair in same)
    assert {pair.name for pair in same} >= {"closed, read, p95", "closed, all, requests/s"}
    slower = compare.pairs(here, {"closed": rounds(19.0, 20.0, 21.0)})
    assert {pair.name for pair in slower if not pair.agrees} == {
        f"closed, {name}, {figure}" for name in ("read", "all") for figure in ("mean ms", "median", "p95", "p99")
    }
    assert "+100%" in compare.described(slower)


def test_comparing_ends_with_what_was_found(tmp_path: Path) -> None:
    for folder, found in (("one", rounds(9.0, 11.0)), ("same", rounds(9.5, 11.5)), ("slow", rounds(90.0, 110.0))):
        for one in found.all:
            results.write(tmp_path / folder / "standard", one)
    assert compare.compare(tmp_path / "one", tmp_path / "same") == 0
    assert compare.compare(tmp_path / "one", tmp_path / "slow") == 1


def test_an_operation_that_some_rounds_lack_is_of_the_others() -> None:
    without = replace(scenario(number=2), operations={})
    some = Rounds((scenario(), without))
    assert some.operations == ["list", "read"]
    assert some.of_operation("read").all == (scenario(),)


def test_cells_and_tables_are_markdown() -> None:
    assert table(["a", "b"], [["x", "1"]]) == "| a | b |\n| --- | ---: |\n| x | 1 |"
    assert [amount(value) for value in (1234.5, 99.96, 1.234)] == ["1,234", "100.0", "1.23"]
    assert figure(Figure(10.0, 0.5)) == "10.0 ±5%"
    assert figure(Figure(10.0, None)) == "10.0"
