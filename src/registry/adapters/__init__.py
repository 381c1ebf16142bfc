"""One package per technology. Each adapter implements ports; none knows another."""
