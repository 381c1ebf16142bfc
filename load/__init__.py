"""Load on a whole registry: users, arrivals and transfers, kept as raw results and told in docs/performance.md."""
