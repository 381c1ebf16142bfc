"""The operator's policy: what is served, and what a policy would have refused."""
