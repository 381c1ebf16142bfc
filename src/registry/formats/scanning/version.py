"""The scanner's version: verdicts of an older one are made again in the background."""

SCANNER_VERSION = 2
"""Rises whenever the same bytes could get another verdict."""
