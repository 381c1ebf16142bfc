"""The web interface: pages rendered on the server from what the HTTP API answers."""
