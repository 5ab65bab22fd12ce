"""
The matrix as a table for people: `python -m tests.faults.table` writes `README.md`.

Owns: the page's text around the rows.
Must not know: how a fault is brought about.
Runs in: a terminal, and in the test that says when the page is out of date.
"""

from __future__ import annotations

from pathlib import Path
from textwrap import fill

from tests.faults.matrix import EVERYDAY, ROWS, Row
from tests.faults.rules import RULES
from tests.faults.stage import CLIENTS

PAGE = Path(__file__).with_name("README.md")


def _legend() -> str:
    items = (f"- {rule.name}: {rule.text}" for rule in RULES)
    return "".join(f"{fill(item, 86, subsequent_indent='  ')}\n" for item in items)


_HEAD = f"""\
# What goes wrong, and what comes of it

Each row is one test of `test_matrix.py`: a real gunicorn with two workers that serve
one request at a time (with threads a kill breaks what each of them had), a volume that
changes as a kubelet changes it, and {CLIENTS} clients that ask all the time.
`make faults` runs all of them, `make test` those with a star.

Every row ends with the same three checks:

1. The newest config is served by every worker, without anybody's help, once the fault
   is over. Where the master has ended: by the next server, which is started on the same
   ports. How soon is measured by `make bench`, as the row "recovery".
2. No request failed that a plain gunicorn would not have failed. `test_calibration.py`
   does the same to a gunicorn without liveconfig, under the same load, and shows that
   it fails as much as is allowed here.
3. Nothing is left over: no process, whoever is its parent now, no file in `/dev/shm`
   and in the temporary directory, no listener on the ports.

What is meant by the moments:

- idle: nothing but the requests happens.
- during a flip: among six flips, right before the rename of one or right after it.
- during publication: while the publisher reads, parses, validates and publishes a
  config of 256 KiB; that the record still has the version before is checked.
- during HUP: the master has begun to reload, and no new worker has booted.

Which requests may fail:

{_legend()}
This page is written by `python -m tests.faults.table`.

| fault | when | what happens | may fail | |
| --- | --- | --- | --- | --- |
"""


def page() -> str:
    """Return the page as it must be."""
    return _HEAD + "".join(f"{_line(row)}\n" for row in ROWS)


def _line(row: Row) -> str:
    star = "*" if row.name in EVERYDAY else ""
    cells = (row.fault, row.moment, row.effect, row.rule.name, star)
    return "| " + " | ".join(cells).rstrip() + " |"


if __name__ == "__main__":
    PAGE.write_text(page())
