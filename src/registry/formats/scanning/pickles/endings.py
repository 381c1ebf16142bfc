"""How the stream of a pickle ends, other than at a limit."""


class Broken(Exception):
    """Loading the stream fails here."""


class Stopped(Exception):
    """The end of a stream that loads."""
