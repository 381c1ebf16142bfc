"""Load on a whole registry: users, arrivals and transfers, kept as raw results and reported in docs/performance.md."""
