"""transformers and datasets, as people write them, read from a registry; from the cache without it."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.engines.hub_clients import COMPLETE, HubClient
from tests.hub.conftest import Site, World, publish_files, zipped
from tests.hub.recorder import recording

CONFIG = {
    "model_type": "bert",
    "hidden_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "vocab_size": 6,
}
VOCABULARY = "[PAD]\n[UNK]\n[CLS]\n[SEP]\nhello\nworld\n"
ROWS = {"a": [1, 3], "b": [2, 4]}
PARQUET = Path(__file__).parent / "data" / "rows.parquet"
"""ROWS, written by pyarrow."""


@pytest.fixture(scope="module")
def loaded(site: Site) -> Site:
    files = {
        "config.json": json.dumps(CONFIG),
        "vocab.txt": VOCABULARY,
        "tokenizer_config.json": json.dumps({"tokenizer_class": "BertTokenizer", "do_lower_case": True}),
    }
    publish_files(site, site.name("bert"), "1.0.0", zipped(files, top="bert/"))
    publish_files(site, site.name("csv"), "1.0.0", zipped({"data/train.csv": "a,b\n1,2\n3,4\n"}), type="dataset")
    parquet = zipped({"train.parquet": PARQUET.read_bytes()})
    publish_files(site, site.name("parquet"), "1.0.0", parquet, type="dataset")
    return site


def test_libraries_load_models_and_datasets(
    loaded: Site, hub_clients: Mapping[str, HubClient], token: str, tmp_path: Path
) -> None:
    names = [loaded.name(each) for each in ("bert", "csv", "parquet")]
    with recording(loaded.server.url) as recorder:
        world = World(loaded, recorder, hub_clients[COMPLETE], tmp_path / "hf", token)
        online = world.python("libraries", *names)
        asked = len(recorder.requests)
        assert world.python("libraries", *names, HF_HUB_OFFLINE="1") == online
        assert len(recorder.requests) == asked
    assert online == {
        "model_type": "bert",
        "hidden_size": 32,
        "tokens": ["hello", "world"],
        "csv": ROWS,
        "parquet": ROWS,
    }
