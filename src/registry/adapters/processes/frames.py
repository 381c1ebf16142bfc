"""What a job and its server say to each other, over a socket pair of their own.

From the server: frames of a length and that many bytes; the first is the job, later ones answer READ. From the job:
frames of a kind, a length and that many bytes. Nothing that a job sends is ever unpickled.
"""

import struct

JOB_HEADER = struct.Struct("<BI")
SERVER_HEADER = struct.Struct("<I")
RANGE = struct.Struct("<QI")
READ, RESULT, FAILURE = 1, 2, 3
WINDOW_BYTES = 256 * 1024
"""How many bytes of the content a job asks for at a time."""
MAX_RESULT_BYTES = 64 * 1024 * 1024
MAX_FAILURE_BYTES = 1024
