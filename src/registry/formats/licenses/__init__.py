"""Recognising the texts of licenses by SPDX's matching guidelines: the whole text, word by word."""
