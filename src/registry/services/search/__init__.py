"""Searching packages, and keeping the search index current."""
