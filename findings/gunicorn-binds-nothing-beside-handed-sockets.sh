#!/bin/sh
# gunicorn 27.0.1 listens on no address of its own once it is handed a socket.
#
# With `--bind=fd://3 --bind=127.0.0.1:PORT` (or a unix path in the second place) one
# would expect two listeners, as with any two addresses, or an error. gunicorn listens on
# the first alone: the other is left out without a word at any log level, its setting
# still lists both, and clients of the second are refused. The same goes for sockets from
# systemd or an earlier gunicorn (LISTEN_FDS, GUNICORN_FD). A service with a second port
# for its operators loses that port the day it is started by socket activation.
#
# Seen with gunicorn 27.0.1, Python 3.11.7, Linux 6:
#   configured: ['fd://3', '127.0.0.1:36487']
#   listening:  [INFO] Listening at: http://127.0.0.1:33975 (22735)
#   first: 200, second: refused
#   lines of the log that name the second: 0
set -eu
directory=$(mktemp -d)
trap 'kill "$(cat "$directory/pid" 2>/dev/null)" 2>/dev/null || true; rm -rf "$directory"' EXIT
python3 -m venv "$directory/venv"
"$directory/venv/bin/pip" -q --disable-pip-version-check install gunicorn==27.0.1
cat > "$directory/app.py" <<'PY'
def app(environ, start_response):
    start_response("200 OK", [("Content-Length", "0")])
    return [b""]
PY
cat > "$directory/run.py" <<'PY'
import http.client
import re
import socket
import subprocess
import sys
import time

directory = sys.argv[1]


def listening():
    return socket.create_server(("127.0.0.1", 0))


with listening() as free:
    second = free.getsockname()[1]
handed = listening()
first = handed.getsockname()[1]
binds = [f"fd://{handed.fileno()}", f"127.0.0.1:{second}"]
with open(f"{directory}/log", "wb") as log:
    process = subprocess.Popen(
        [f"{directory}/venv/bin/gunicorn", "--log-level=debug", "--no-control-socket"]
        + [f"--pid={directory}/pid", f"--chdir={directory}"]
        + [f"--bind={each}" for each in binds] + ["app:app"],
        pass_fds=[handed.fileno()], stdout=log, stderr=log,
    )
handed.close()


def said():
    with open(f"{directory}/log") as log:
        return log.read()


def asked(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/")
        return str(connection.getresponse().status)
    except ConnectionRefusedError:
        return "refused"
    finally:
        connection.close()


deadline = time.monotonic() + 60
while "Booting worker" not in said():
    assert process.poll() is None and time.monotonic() < deadline, said()
    time.sleep(0.1)
answers = asked(first), asked(second)
process.terminate()
process.wait()
# The settings, which this log level prints, are what was asked for and no complaint.
lines = [each for each in said().splitlines() if "[" in each and "] [" in each]
told = [each for each in lines if str(second) in each]
print("configured:", binds)
print("listening: ", *re.findall(r"\[INFO\] Listening at:.*", said()))
print(f"first: {answers[0]}, second: {answers[1]}")
print("lines of the log that name the second:", len(told))
sys.exit(answers != ("200", "refused") or bool(told))
PY
"$directory/venv/bin/python" "$directory/run.py" "$directory"
echo "as described"
