"""Before any test module is imported: assertions in shared suites explain themselves as those in tests do."""

import pytest

pytest.register_assert_rewrite("tests.conformance", "tests.api.support")

pytest_plugins = ["tests.engines.plugin"]
