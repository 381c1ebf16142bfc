"""Looking at what is inside a package's archive, bounded, without ever running or unpickling any of it."""
