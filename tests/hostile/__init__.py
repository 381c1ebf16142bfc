"""Hostile input, generated at run time: nothing of it is ever loaded."""
