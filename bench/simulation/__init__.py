"""A registry at scale in one process: the real adapters on the engine for measurement, in a time of its own.

`python -m bench.simulation` has hosts read, publish and search, at the full rate of requests, and counts what each
partition key and index key takes in each second of that time.
"""
