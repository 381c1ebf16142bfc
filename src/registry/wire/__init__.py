"""HTTP below the framework: the server's protocol and the request scheduler."""
