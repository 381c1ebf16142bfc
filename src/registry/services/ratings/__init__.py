"""Requesting, making and serving ratings."""
