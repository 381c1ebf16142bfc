"""nginx on free ports, in a folder of its own."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.engines import programs
from tests.engines.process import accepts_connections, stop, wait_until

_AROUND = """
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
{http}
}}
"""


find_missing = partial(programs.find_missing, "nginx")


@contextmanager
def running_nginx(folder: Path, http: str, *, port: int) -> Iterator[None]:
    """nginx with `http` in its block of that name, of which something listens on `port`."""
    configuration = folder / "nginx.conf"
    configuration.write_text(_AROUND.format(folder=folder, http=http))
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["nginx", "-e", str(folder / "error.log"), "-c", str(configuration)],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    wait_until(lambda: accepts_connections(port), process, log=log)
    try:
        yield
    finally:
        stop(process)
