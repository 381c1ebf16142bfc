"""Other servers that the registry asks: sources of packages and of evidence."""
