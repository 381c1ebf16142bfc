"""`registry rate`, `recompute`, `license-check` and `lineage` against a real server."""

import base64
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from registry.cli.packages import draw_lineage
from registry.cli.rating_drawing import bar, draw_rating
from tests.api.server import RunningServer, server_environment, start_server
from tests.api.support import log_in, publish
from tests.clients.commands import Cli


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    running = start_server(server_environment(tmp_path_factory.mktemp("rated") / "data"))
    yield running
    running.stop()


@pytest.fixture
def rater(server: RunningServer) -> Iterator[Cli]:
    """A signed-in command line, with the package `acme/tiny` there."""
    person = log_in(server.url, server.admin_name, server.admin_password)
    cli = Cli(server.url)
    cli.environment["REGISTRY_TOKEN"] = person.token
    with person.client as client:
        if not client.get("/packages", params={"name": "acme/tiny"}).json()["items"]:
            publish(client, name="acme/tiny", license="MIT")
        yield cli


def test_a_rating_is_shown_kept_and_computed_again(rater: Cli, tmp_path: Path) -> None:
    receipt = tmp_path / "receipt.json"
    rating = rater.done("rate", "acme/tiny", "--receipt", str(receipt)).document
    assert rating["metrics"]["license"]["score"] == 1.0
    keys = tmp_path / "keys.json"
    keys.write_text(rater.done("receipt-keys").out)
    again = rater.done("recompute", str(receipt), "--key", str(keys)).document
    assert again == rating
    without = rater.run("recompute", str(receipt))
    assert (without.code, "signatures were not checked" in without.err) == (0, True)
    assert rater.failed("recompute", str(receipt), "--key", "no key")[0] == 2
    other = base64.b64encode(bytes(range(32))).decode()
    code, line = rater.failed("recompute", str(receipt), "--key", other)
    assert (code, "signed by another key" in line) == (7, True)

    receipt.write_bytes(receipt.read_bytes().replace(b'"license":"MIT"', b'"license":"BSD"'))
    code, line = rater.failed("recompute", str(receipt), "--key", str(keys))
    assert code == 7
    assert "digest" in line
    assert rater.failed("recompute", str(tmp_path / "none.json"))[0] == 1


def test_several_receipts_are_computed_at_once(rater: Cli, tmp_path: Path) -> None:
    kept = [tmp_path / name for name in ("one.json", "none.json", "two.json")]
    for receipt in (kept[0], kept[2]):
        rater.done("rate", "acme/tiny", "--receipt", str(receipt))
    keys = tmp_path / "keys.jwk"
    keys.write_text(rater.done("receipt-keys").out)
    assert len(rater.done("recompute", "--key", str(keys), str(kept[0]), str(kept[2])).documents) == 2
    answer = rater.run("recompute", *map(str, kept))
    assert answer.code == 1
    assert len(answer.documents) == 2
    assert "none.json" in answer.err


def test_a_package_is_rated_anew(rater: Cli) -> None:
    first = rater.done("rate", "acme/tiny").document
    second = rater.done("rate", "acme/tiny", "--again").document
    assert second["rated_at"] > first["rated_at"]


def test_lists_what_is_rated_high_enough(rater: Cli) -> None:
    score = rater.done("rate", "acme/tiny").document["net_score_range"][0]
    assert [package["name"] for package in rater.done("list", "--min-net-score", str(score)).documents] == ["acme/tiny"]
    assert rater.done("list", "--min-net-score", str(score + 0.000_001)).out == ""
    assert rater.run("list", "--min-net-score", "1.5").code == 2


def test_whether_a_project_may_use_it_is_the_exit_code(rater: Cli) -> None:
    assert rater.done("license-check", "acme/tiny", "--license", "GPL-3.0-only").document["compatible"] is True
    refused = rater.run("license-check", "acme/tiny", "--license", "not-a-license")
    assert (refused.code, refused.document["compatible"]) == (1, False)
    for options in ((), ("--license", "MIT", "--url", "https://github.com/acme/app")):
        code, line = rater.failed("license-check", "acme/tiny", *options)
        assert (code, "--license or its --url" in line) == (2, True)


@pytest.mark.parametrize(
    ("score", "drawn"), [(0.0, " " * 20), (1.0, "█" * 20), (0.5, "█" * 10 + " " * 10), (None, "·" * 20)]
)
def test_bars_have_twenty_cells(score: float | None, drawn: str) -> None:
    assert bar(score) == drawn
    assert bar(0.512) == "█" * 10 + "▎" + " " * 9


def test_metrics_are_drawn_with_their_evidence(capsys: pytest.CaptureFixture[str]) -> None:
    metric = {"score": None, "status": "unknown", "weight": 0.1, "evidence": "no \x1b[31msource\nrepository is linked"}
    rating = {"metrics": {"bus_factor": metric}, "net_score": None, "net_score_range": [0, 1], "status": "partial"}
    draw_rating({**rating, "safety": None, "findings": []})
    drawn = capsys.readouterr().out
    assert "bus_factor" in drawn
    assert "\x1b[31m" not in drawn
    told = "net score unknown (0.00 to 1.00, were nothing unknown; partial: a source failed, it is tried again)"
    assert " ".join(drawn.split()).endswith(told)


def test_evidence_stays_indented_and_a_whole_rating_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    metric = {
        "score": 0.5,
        "status": "measured",
        "weight": 0.1,
        "evidence": "word " * 30,
        "by_target": {"desktop_pc": 1},
    }
    finding = {"level": "dangerous", "path": "a.pkl", "scanner": "picklescan", "detail": "os.system"}
    rating = {"metrics": {"size": metric}, "net_score": 0.5, "net_score_range": [0.5, 0.5], "status": "complete"}
    draw_rating({**rating, "safety": "dangerous", "findings": [finding]})
    _, headline, *evidence, safety, found, net_score = capsys.readouterr().out.splitlines()
    assert headline.split()[-3:] == ["0.50", "×", "0.1"]
    assert all(line.startswith("    ") for line in evidence)
    assert evidence[-1].strip() == "desktop pc 1.00"
    assert (safety, found.strip()) == ("content: dangerous", "dangerous: a.pkl: os.system (picklescan)")
    assert net_score.endswith("0.50  (nothing is unknown)")


def test_a_circle_is_drawn_once(capsys: pytest.CaptureFixture[str]) -> None:
    nodes = [SimpleNamespace(id=name, name=name, version="1.0.0", registered=True) for name in ("a", "b")]
    edges = [SimpleNamespace(source=one, target=two, relation="base_model") for one, two in ("ab", "ba")]
    draw_lineage(SimpleNamespace(nodes=nodes, edges=edges))  # type: ignore[arg-type] # as much as is drawn
    assert capsys.readouterr().out.splitlines() == [
        "a 1.0.0",
        "└── base_model: b 1.0.0",
        "    └── base_model: a 1.0.0 …",
    ]
