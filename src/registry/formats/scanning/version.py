"""The scanner's version: verdicts of an older one are made again in the background."""

SCANNER_VERSION = 1
"""Rises whenever the same bytes could get another verdict."""
