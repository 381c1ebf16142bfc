"""Logs, metrics, request ids and observed calls: shared by the server and the worker."""
