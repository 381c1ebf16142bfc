"""What is different in processes that tests start: each part is asked for by a variable of the environment."""

import os
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_WITH_STARTUP_CODE = {"PYTHONPATH": f"{_ROOT / 'tests' / 'engines' / 'startup'}{os.pathsep}{_ROOT}"}
CHEAP_PASSWORDS = {**_WITH_STARTUP_CODE, "CHEAP_PASSWORDS": "yes"}
"""argon2 with its cheapest parameters. They stand in each hash, so that every server can check it."""
RECORDED_AWS_CALLS = {**_WITH_STARTUP_CODE, "RECORD_AWS_CALLS": "yes"}
"""Calls of AWS are recorded in the folder that AWS_CALLS_FOLDER names (tests/engines/aws_calls.py)."""
