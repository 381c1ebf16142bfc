"""Measures how far the registry's word can be trusted, and writes the tables into the documentation."""
