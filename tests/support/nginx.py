"""
A real nginx before a server, set up as gunicorn's documentation says.

Owns: its configuration, its start and its end.
Must not know: what is behind it.
Runs in: the test process; nginx is a child.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.eventually import eventually
from tests.support.raw_http import Place, connected

_CONFIGURATION = """
daemon off;
master_process off;
pid {directory}/nginx.pid;
error_log stderr;
events {{}}
http {{
  access_log off;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  upstream app_server {{
    server {upstream} fail_timeout=0;
  }}
  server {{
    listen {address[0]}:{address[1]};
    location / {{
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header Host $http_host;
      proxy_redirect off;
      proxy_pass http://app_server;
    }}
  }}
}}
"""


@contextmanager
def nginx_before(
    upstream: str, address: tuple[str, int], directory: Path
) -> Iterator[Place]:
    """
    Run nginx, and end it.

    Args:
        upstream: what it hands requests to, as nginx writes it.
        address: where it listens.
        directory: where its files go.
    """
    configuration = directory / "nginx.conf"
    configuration.write_text(
        _CONFIGURATION.format(directory=directory, upstream=upstream, address=address)
    )
    command = ["nginx", "-e", "stderr", "-p", str(directory), "-c", str(configuration)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        eventually(lambda: _answers(address))
        yield address
    finally:
        process.terminate()
        process.wait()


def _answers(address: tuple[str, int]) -> bool:
    try:
        connected(address).close()
    except ConnectionRefusedError:
        return False
    return True
