"""Python imports this as a server starts that a test runs with this folder in PYTHONPATH: AWS calls are recorded."""

import os

if os.environ.get("AWS_CALLS_FOLDER"):
    from tests.engines.aws_calls import record_calls

    record_calls()
