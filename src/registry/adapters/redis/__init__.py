"""What processes share for a while, in Redis: counts of attempts and cached ratings. Nothing in it is the only copy."""
