"""Jobs on Redis streams, by taskiq."""
