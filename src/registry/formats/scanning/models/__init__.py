"""Readers of model formats that can carry code: templates, layers, operations, references to other files."""
