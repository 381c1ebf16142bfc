"""Real engines for the tests: each module finds one, starts it on a free port and stops it again.

A module has `find_missing()`, which gets the engine ready where that needs no root and else returns one line that says
what is missing, and a context manager that runs it. `plugin` makes fixtures of them.
"""
