"""Uploads in parts, and the limits on what users may store."""
