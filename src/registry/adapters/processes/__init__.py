"""Jobs over untrusted bytes, each in a process of its own.

A server process starts one lean template process with a clean environment. The template imports what jobs need and
then forks itself for each job, which takes about a millisecond and shares memory. A job never sees another job's
process, so a job that was taken over cannot forge the result of the next one.
"""
