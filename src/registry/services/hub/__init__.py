"""Packages as repositories: what Hugging Face clients read."""
