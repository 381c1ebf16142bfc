"""Python imports this first in a process that a test starts with this folder in PYTHONPATH."""

import os

if os.environ.get("CHEAP_PASSWORDS"):
    # A hash takes 64 MiB and 0.2 s of a core, and nearly every test signs users in; tests/unit/test_argon2.py has the
    # parameters of production.
    from argon2 import profiles

    profiles.RFC_9106_LOW_MEMORY = profiles.CHEAPEST

if os.environ.get("RECORD_AWS_CALLS"):
    from tests.engines.aws_calls import record_calls

    record_calls()
