"""What the report says of its curves follows from the figures."""

from load import scaling
from load.histogram import Distribution
from load.noise import Rounds
from load.results import Operation, Scenario, Usage


def point(clients: int, per_second: float, *, cores: float = 1.0, rate: float | None = None) -> Rounds:
    count, seconds = round(per_second * 10), 10.0
    latency_ms = clients / per_second * 1000
    times = Operation(Distribution(((latency_ms, count),), latency_ms * count, latency_ms))
    return Rounds(
        (
            Scenario(
                name=f"clients-{clients}",
                generator="light",
                clients=clients,
                arrivals_per_second=rate,
                packages=500,
                workers=1,
                seconds=seconds,
                facts={},
                operations={"read": times},
                total=times,
                usage=(Usage(0.0, "registry", 0.0, 1), Usage(seconds, "registry", cores * seconds, 1)),
            ),
        )
    )


def bends(*points: Rounds) -> list[str]:
    return scaling.clients_bends(list(points)).splitlines()


def test_points_are_in_the_order_of_their_numbers() -> None:
    setup = {"clients-100": point(100, 900), "closed": point(100, 1), "clients-25": point(25, 900)}
    assert [rounds.one.clients for rounds in scaling.points(setup, "clients-")] == [25, 100]


def test_each_stretch_of_the_curve_is_told() -> None:
    lines = bends(point(1, 100), point(10, 600), point(50, 1000), point(100, 1010), point(200, 800))
    assert len(lines) == 4
    told = ["commit of its own", "Rising", "clients ÷ throughput = 99 ms", "Falling"]
    for line, words in zip(lines, told, strict=True):
        assert words in line


def test_a_level_stretch_with_idle_cores_is_no_bound_of_the_registry() -> None:
    (line,) = bends(point(50, 500, cores=0.4), point(100, 510, cores=0.4))
    assert "waits for commits" in line


def test_the_knee_is_where_nearly_all_throughput_is_there() -> None:
    assert scaling.knee([point(1, 100), point(25, 950), point(50, 1000), point(200, 700)]).one.clients == 25


def test_arrivals_that_outrun_the_registry_are_told() -> None:
    kept = [point(100, 251, rate=250), point(100, 498, rate=500)]
    assert "all of these rates" in scaling.rates_bend(kept, 1)
    told = scaling.rates_bend([*kept, point(100, 700, rate=1000)], 1)
    assert "up to 500 a second" in told
    assert "of 1,000 a second 700" in told
