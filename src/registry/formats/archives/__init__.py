"""Reading zip and tar archives without unpacking them.

Everything in an archive is untrusted: nothing is written to disk, executed or followed, and every loop has a bound.
"""
