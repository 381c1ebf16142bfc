"""nginx (Debian's package) as a shared HTTP cache in front of a registry, by the rules of RFC 9111."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.engines.process import accepts_connections, free_port, stop, wait_until

STATUS = "x-cache-status"
"""The header with what the cache did: MISS, HIT, EXPIRED, REVALIDATED, STALE, UPDATING."""
HASTY = "/hasty"
"""Below it the same answers, kept for a second where they may be kept for longer: so a test sees them expire."""
_CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
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
}}
"""


def find_missing() -> str | None:
    return None if shutil.which("nginx") else "nginx is not installed (.ci/install-engines does it)"


@contextmanager
def running_cache(origin: str) -> Iterator[str]:
    """The URL of a cache in front of `origin`."""
    with TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        text = _CONFIGURATION.format(folder=folder, port=port, origin=origin, hasty=HASTY)
        (folder / "nginx.conf").write_text(text)
        log = folder / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["nginx", "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")],
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        wait_until(lambda: accepts_connections(port), process, log=log)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            stop(process)
