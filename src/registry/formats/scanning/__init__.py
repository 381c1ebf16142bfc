"""Finds what in a content could run code when somebody loads it. Pure: reads bytes, never loads or runs them."""
