"""Ends with 0 when the registry in this container answers. With the standard library: the image has no curl."""

import os
import urllib.request

url = f"http://127.0.0.1:{os.environ.get('REGISTRY_PORT', '8000')}/health"
with urllib.request.urlopen(url, timeout=4):  # noqa: S310 - a fixed address
    pass
