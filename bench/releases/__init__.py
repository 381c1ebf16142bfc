"""Does a reader ever see a part of a release? `python -m bench.releases` answers it, with servers that are killed."""
