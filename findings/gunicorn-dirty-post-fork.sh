#!/bin/bash
# gunicorn 27.0.1: `post_fork` runs in the worker that was forked, `dirty_post_fork` in
# its parent, the dirty arbiter. Both are documented as "called just after a worker has
# been forked". What a dirty worker must do for itself before its applications are
# initialized (close what it inherited, reconnect, seed) has no hook at all: the first
# that runs in it is `dirty_worker_init`, after `DirtyApp.init()`.
# Seen: post_fork in the worker: yes; dirty_post_fork in the dirty worker: no
set -eu
folder=$(mktemp -d)
trap 'kill "${master:-}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet gunicorn==27.0.1

cat >app.py <<'PY'
import os

from gunicorn.dirty import DirtyApp


class Task(DirtyApp):
    def init(self):
        print("init in", os.getpid(), flush=True)


def app(environ, start_response):
    start_response("200 OK", [])
    return [b""]
PY
cat >gunicorn.conf.py <<'PY'
import os

bind = "127.0.0.1:0"
control_socket_disable = True
dirty_apps = ["app:Task"]
dirty_workers = 1


def post_fork(server, worker):
    print("post_fork of", worker.pid, "in", os.getpid(), flush=True)


def dirty_post_fork(arbiter, worker):
    print("dirty_post_fork of", worker.pid, "in", os.getpid(), flush=True)


def dirty_worker_init(worker):
    print("dirty_worker_init of", worker.pid, "in", os.getpid(), flush=True)
PY
venv/bin/gunicorn app:app >log 2>&1 &
master=$!
for _ in $(seq 600); do
    grep -q '^post_fork' log && grep -q '^dirty_post_fork' log &&
        grep -q '^dirty_worker_init' log && break
    sleep 0.1
done
in_itself() { awk -v hook="$1" '$1 == hook { print ($3 == $5) ? "yes" : "no" }' log; }
venv/bin/gunicorn --version
echo "post_fork in the worker: $(in_itself post_fork)"
echo "dirty_post_fork in the dirty worker: $(in_itself dirty_post_fork)"
echo "dirty_worker_init in the dirty worker: $(in_itself dirty_worker_init)"
sed -n '/^init/p;/^dirty_worker_init/p' log
test "$(in_itself post_fork)" = yes
test "$(in_itself dirty_post_fork)" = no
test "$(in_itself dirty_worker_init)" = yes
