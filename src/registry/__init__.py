"""Registry: publish, store, rate and serve machine-learning models, datasets and code."""

__version__ = "0.2.0"
