"""From the command to the first answer."""

import shutil
from collections.abc import Iterator

from bench.report import Measured, Row
from bench.servers import data_folder, registry_server
from bench.suites import Options


def rows(options: Options) -> Iterator[Row]:
    rounds = 2 if options.quick else 5
    for name, fresh in (("start to first answer, new data folder", True), ("start to first answer, again", False)):
        seconds, costs = [], []
        with data_folder() as folder:
            for _ in range(rounds):
                data_dir = folder / "data"
                if fresh:
                    shutil.rmtree(data_dir, ignore_errors=True)
                data_dir.mkdir(exist_ok=True)
                with registry_server(data_dir) as server:
                    seconds.append(server.start_seconds)
                    costs.append(server.cpu_seconds())
        found, cost = Measured.of(seconds), Measured.of(costs)
        note = f"{cost.value:.2f} s of it CPU (±{cost.spread:.0%})"
        yield Row("start", name, found.value, "s", found.spread, goal=2.0, note=note)
