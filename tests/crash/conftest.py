"""Crash tests start servers of their own, by the same fixture as the API tests."""

from tests.api.conftest import start

__all__ = ["start"]
