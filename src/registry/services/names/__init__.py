"""Names: owners, aliases, visibility and releases."""
