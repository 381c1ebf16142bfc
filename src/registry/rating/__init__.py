"""Evidence → metrics → net score. Collecting asks the ports; everything after it is pure."""
