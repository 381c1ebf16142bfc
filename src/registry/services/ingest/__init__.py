"""Fetching packages that are published by URL."""
