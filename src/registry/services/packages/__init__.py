"""Publishing, changing, reading and serving packages."""
