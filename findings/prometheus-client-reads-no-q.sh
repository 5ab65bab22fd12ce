#!/bin/sh
# prometheus_client 0.23.1 answers in the format that a client has refused.
#
# A scrape names the formats it takes, with weights: "text/plain;q=1.0,
# application/openmetrics-text;q=0.1" prefers the text, and "q=0" means "not this one"
# (RFC 9110, 12.4.2). prometheus_client reads the names and none of the weights: whoever
# mentions OpenMetrics anywhere in `Accept` gets it, also who mentions it to refuse it.
# To have the text format from it one has to leave OpenMetrics out altogether.
#
# Seen, asked over HTTP at its own WSGI application:
#   text/plain -> text/plain
#   text/plain;q=1.0, application/openmetrics-text;q=0.1 -> application/openmetrics-text
#   text/plain, application/openmetrics-text;q=0 -> application/openmetrics-text
set -eu
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check prometheus_client==0.23.1
cat >"$place/see.py" <<'PYTHON'
import http.client

from prometheus_client import start_http_server

server, thread = start_http_server(0, addr="127.0.0.1")
for accept in (
    "text/plain",
    "text/plain;q=1.0, application/openmetrics-text;q=0.1",
    "text/plain, application/openmetrics-text;q=0",
):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=30)
    connection.request("GET", "/metrics", headers={"Accept": accept})
    kind = connection.getresponse().headers.get_content_type()
    connection.close()
    print(accept, "->", kind)
server.shutdown()
server.server_close()
thread.join()
PYTHON
"$place/venv/bin/python" "$place/see.py" >"$place/seen"
cat "$place/seen"
cmp - "$place/seen" <<'SEEN'
text/plain -> text/plain
text/plain;q=1.0, application/openmetrics-text;q=0.1 -> application/openmetrics-text
text/plain, application/openmetrics-text;q=0 -> application/openmetrics-text
SEEN
