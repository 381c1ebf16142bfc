"""Background loops: sweep, scrub and reset."""
