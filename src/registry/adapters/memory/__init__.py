"""What one process keeps to itself: cached ratings and jobs under way. Nothing in it is the only copy."""
