"""Values and rules of the registry: standard library only, no I/O, no clock."""
