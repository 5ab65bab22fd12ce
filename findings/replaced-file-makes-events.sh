#!/bin/sh
# A write into a file that was replaced is told under the name of its successor.
#
# Linux (inotify, seen on 6.18), watchdog 6.0.0: one process holds a file open, another
# one renames a new file into its place. What the first writes from then on goes into a
# file without a name, and the file that has the name does not change. Yet whoever
# watches the directory is told of a modified and a closed file under that name, for the
# kernel still knows the old one by the name that it had. An event may name a file that
# nobody touched: only its content or its time of change tells.
#
# Seen:
#   modified a
#   closed a
#   the file a: unchanged
set -eu
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check watchdog==6.0.0
mkdir "$place/watched"
cat >"$place/see.py" <<'PYTHON'
import os
import queue
import sys

from watchdog.events import FileSystemEventHandler
from watchdog.observers import Observer

directory = sys.argv[1]
path, other = os.path.join(directory, "a"), os.path.join(directory, "b")
told = queue.Queue()


class Handler(FileSystemEventHandler):
    def on_any_event(self, event):
        if not event.is_directory:
            told.put((event.event_type, os.path.basename(event.src_path)))


with open(path, "w") as old, open(other, "w") as new:
    old.write("old")
    new.write("new")
held = open(path, "a")
os.rename(other, path)
before = os.stat(path)
observer = Observer()
observer.schedule(Handler(), directory)
observer.start()
held.write("late")
held.close()
seen = [told.get(timeout=30) for _ in range(2)]
observer.stop()
observer.join()
for kind, name in seen:
    print(kind, name)
after = os.stat(path)
is_same = (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
print("the file a:", "unchanged" if is_same and open(path).read() == "new" else "changed")
PYTHON
"$place/venv/bin/python" "$place/see.py" "$place/watched" >"$place/seen"
cat "$place/seen"
printf 'modified a\nclosed a\nthe file a: unchanged\n' | cmp - "$place/seen"
