"""Crash tests start servers of their own, by the same fixtures as the API tests."""

from tests.api.conftest import backend, start

__all__ = ["backend", "start"]
