"""The background process of the scaled home: makes ratings, and answers no requests."""
