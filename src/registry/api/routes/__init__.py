"""Routers by subject. Each is made by a function, so that importing one does nothing."""
