"""nginx (Debian's package) as a shared HTTP cache in front of a registry, by the rules of RFC 9111."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.engines.nginx import running_nginx
from tests.engines.process import free_port

STATUS = "x-cache-status"
"""The header with what the cache did: MISS, HIT, EXPIRED, REVALIDATED, STALE, UPDATING."""
HASTY = "/hasty"
"""Below it the same answers, kept for a second where they may be kept for longer: so a test sees them expire."""
_HTTP = """
  proxy_cache_path {folder}/cache keys_zone=shared:1m;
  proxy_cache shared;
  proxy_cache_revalidate on;
  proxy_cache_use_stale updating;
  proxy_cache_background_update on;
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_set_header Host $http_host;
  add_header X-Cache-Status $upstream_cache_status always;
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass {origin}; }}
    location {hasty}/ {{
      proxy_pass {origin}/;
      proxy_ignore_headers Cache-Control;
      proxy_cache_valid 200 1s;
      proxy_cache_use_stale off;
      proxy_cache_background_update off;
    }}
  }}
"""


@contextmanager
def running_cache(origin: str) -> Iterator[str]:
    """The URL of a cache in front of `origin`."""
    with TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        http = _HTTP.format(folder=folder, port=port, origin=origin, hasty=HASTY)
        with running_nginx(folder, http, port=port):
            yield f"http://127.0.0.1:{port}"
