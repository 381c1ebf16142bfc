"""Readers of file formats: pure functions over bytes and text, without I/O."""
