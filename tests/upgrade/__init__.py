"""Data of released versions, served by this one."""
