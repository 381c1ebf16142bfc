"""The files inside a package's content."""
