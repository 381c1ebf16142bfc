"""Registry: publish, store, rate and serve machine-learning models, datasets and code."""
