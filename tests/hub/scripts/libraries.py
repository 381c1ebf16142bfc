"""Runs beside transformers and datasets: loads a model's configuration and tokenizer, and datasets, and prints them.

Arguments: a model, a dataset of CSV, a dataset of Parquet.
"""

import json
import sys

from datasets import load_dataset
from transformers import AutoConfig, AutoTokenizer

model, table, columns = sys.argv[1:4]
config = AutoConfig.from_pretrained(model)
tokenizer = AutoTokenizer.from_pretrained(model)
found = {
    "model_type": config.model_type,
    "hidden_size": config.hidden_size,
    "tokens": tokenizer.tokenize("hello world"),
    "csv": load_dataset(table)["train"].to_dict(),
    "parquet": load_dataset(columns)["train"].to_dict(),
}
print(json.dumps(found))
