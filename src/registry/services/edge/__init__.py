"""Caches at the edge, and what they are to forget."""
