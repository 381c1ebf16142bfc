"""Component health over a window of time."""
