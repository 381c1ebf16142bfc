"""The log of all audit entries."""
