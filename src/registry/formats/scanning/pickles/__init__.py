"""Reading pickles as programs: opcode by opcode, over kinds of values, without importing or calling anything."""
