"""The background process of the storage backend at scale: makes ratings, and answers no requests."""
