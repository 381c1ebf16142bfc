"""The same examples on every run, however busy the machine is."""

from hypothesis import settings

settings.register_profile("registry", deadline=None, derandomize=True, database=None)
settings.load_profile("registry")
