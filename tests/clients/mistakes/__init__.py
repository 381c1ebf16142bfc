"""What a new user gets wrong, and what the command line answers."""
