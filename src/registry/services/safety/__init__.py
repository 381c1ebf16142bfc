"""Verdicts on contents: making them once, applying them to packages, serving them."""
