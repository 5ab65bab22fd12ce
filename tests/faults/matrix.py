"""
The fault matrix: one row, one test, one line of the table in `README.md`.

Owns: the rows and their words.
Must not know: how a fault is brought about.
Runs in: the test process.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults import moments, operations, rules, signals, surroundings, trials
from tests.faults.rules import Rule
from tests.faults.signals import Steps
from tests.faults.stage import Scene


@dataclass(frozen=True)
class Row:
    """
    One fault at one moment.

    Attributes:
        fault: what goes wrong.
        moment: when.
        effect: what happens then, in a sentence or two.
        steps: brings it about and gets over it.
        rule: which requests may fail.
        scene: how the server is started.
        is_plain_too: a gunicorn without liveconfig can have this fault as well.
    """

    fault: str
    moment: str
    effect: str
    steps: Steps
    rule: Rule = rules.NONE
    scene: Scene = field(default_factory=Scene)
    is_plain_too: bool = False

    @property
    def name(self) -> str:
        """The name of the row's test."""
        return f"{self.fault}, {self.moment}"


_SIGNALS = {
    "kill -9": signals.KILL,
    "SIGSTOP, SIGCONT": signals.STOP,
    "SIGTERM": signals.TERM,
}
_MOMENTS = {
    "idle": moments.idle,
    "during a flip": moments.flip,
    "during publication": moments.publication,
    "during HUP": moments.hup,
}
_EFFECTS = {
    (
        "kill -9",
        "master",
    ): "The kernel kills the publisher and tells the workers, which "
    "end after the request that they have. The next server on the same ports serves "
    "the newest config.",
    ("kill -9", "publisher"): "The workers serve on what they have. The master starts "
    "another publisher at once, which reads the source; one that dies again within "
    "ten seconds is replaced ever more slowly.",
    ("kill -9", "worker"): "The master starts another worker, which serves the newest "
    "config from its first request.",
    ("SIGSTOP, SIGCONT", "master"): "Nothing that dies is replaced until it goes on. "
    "The publisher publishes and the workers serve on.",
    ("SIGSTOP, SIGCONT", "publisher"): "The workers serve on what they have. The "
    "newest config is published when it goes on.",
    ("SIGSTOP, SIGCONT", "worker"): "The request that it has waits until it goes on. "
    "The other worker answers all others.",
    ("SIGTERM", "master"): "The workers end after the request that they have, then the "
    "publisher ends. The next server on the same ports serves the newest config.",
    ("SIGTERM", "publisher"): "It ends after what it is publishing, and is started "
    "again as if it had died.",
    ("SIGTERM", "worker"): "It ends after the request that it has. The master starts "
    "another, which serves the newest config from its first request.",
}
_RULES = {
    ("kill -9", "master"): rules.FROM_ITS_END,
    ("SIGTERM", "master"): rules.FROM_ITS_END,
    ("kill -9", "worker"): rules.IN_HAND,
}
# So much that a publication takes its time: a tenth of a second and more.
_PADDING_BYTES = 256 * 1024


def _signal_rows() -> Iterator[Row]:
    for (fault, target), effect in _EFFECTS.items():
        for when, moment in _MOMENTS.items():
            is_publication = moment is moments.publication
            yield Row(
                f"{fault} of the {target}",
                when,
                effect,
                signals.struck_by(_SIGNALS[fault], target, moment),
                _RULES.get((fault, target), rules.NONE),
                Scene(padding_bytes=_PADDING_BYTES if is_publication else 0),
                is_plain_too=target != "publisher" and when in ("idle", "during HUP"),
            )


_CACHE = "{directory}/cache"
_CLOCK = {
    "PYTHONPATH": str(Path(__file__).with_name("clock")),
    "CLOCK_STEP_FILE": "{directory}/step",
}
_MOUNTED = "{directory}/mounted"
# A root that may not read what it has no right to.
_WITHOUT_PRIVILEGE = [
    "setpriv",
    "--bounding-set=-dac_override,-dac_read_search",
    "--inh-caps=-dac_override,-dac_read_search",
]
_UPGRADED = Scene(arguments=["--pid={directory}/tmp/pid"], is_versioned=False)

_OTHER_ROWS = (
    Row(
        "kill -9 of the publisher",
        "during the trial of a config that hurts",
        "Its successor goes on with the trial, and goes back to the proven config.",
        trials.killed_at("look"),
        scene=trials.SCENE,
    ),
    Row(
        "kill -9 of the publisher",
        "after it has condemned a config, before it goes back",
        "Its successor goes back to the proven config at once.",
        trials.killed_at("_go_back"),
        scene=trials.SCENE,
    ),
    Row(
        "kill -9 of the publisher",
        "right after it has gone back",
        "The proven config is live, and its successor knows what was condemned.",
        trials.killed_at("_as_now_live"),
        scene=trials.SCENE,
    ),
    Row(
        "kill -9 of the publisher",
        "while one worker tries a config that hurts",
        "Its successor goes on with the trial in that worker, and takes it back there.",
        trials.killed_at("look"),
        scene=trials.ALONE,
    ),
    Row(
        "kill -9 of the publisher",
        "after it has condemned what one worker tries, before it goes back",
        "Its successor takes it back in that worker at once.",
        trials.killed_at("_go_back"),
        scene=trials.ALONE,
    ),
    Row(
        "kill -9 of the worker",
        "while it alone tries a config",
        "Another worker tries it, and all get it when it has passed there.",
        trials.killed_worker,
        rules.IN_HAND,
        trials.ALONE,
    ),
    Row(
        "the disk of `LIVECONFIG_CACHE_DIR` is full",
        "during flips",
        "Each config is served, and the log says that it is not kept. The one in the "
        "cache stays whole. The next after there is room again is kept.",
        surroundings.cache_disk_is_full,
        scene=Scene(
            environ={"LIVECONFIG_CACHE_DIR": _CACHE, "LIVECONFIG_TRIAL": "off"},
            mounts=[
                f"mkdir {_CACHE}",
                f"mount -t tmpfs -o size=64k,mode=700 none {_CACHE}",
            ],
        ),
    ),
    Row(
        "the publisher has no descriptor left (`RLIMIT_NOFILE`)",
        "during flips",
        "The source counts as missing, the last config is served. It is read again "
        "every second until there is a descriptor.",
        surroundings.publisher_has_no_descriptors,
    ),
    Row(
        "the master has no descriptor left (`RLIMIT_NOFILE`)",
        "when the publisher is killed",
        "The workers serve on. The master tries to start another publisher until it "
        "can.",
        surroundings.master_has_no_descriptors,
    ),
    Row(
        "no inotify instance is to be had (`max_inotify_instances`)",
        "when the publisher is killed",
        "Its successor reads the source once a second. It is back to inotify, by "
        "itself, within a minute of there being an instance.",
        surroundings.no_inotify_instances,
        scene=Scene(has_own_user=True),
    ),
    Row(
        "the source is unmounted, or another mount hides it, and it comes back",
        "during flips",
        "The last config is served, `/status` says that the source is missing. It is "
        "looked for every second.",
        surroundings.source_is_unmounted,
        scene=Scene(
            source="mounted/config.yaml",
            mounts=[
                f"mkdir {_MOUNTED}",
                f"mount --bind {{directory}}/volume {_MOUNTED}",
            ],
        ),
    ),
    Row(
        "the right to read the source is lost and given back",
        "during flips",
        "The last config is served, `/status` says that the source is missing. It is "
        "looked for every second.",
        surroundings.permission_is_lost,
        scene=Scene(command=_WITHOUT_PRIVILEGE),
    ),
    Row(
        "the clock is stepped an hour forward, then two back",
        "when the publisher is killed",
        "Nothing else: times that are shown change, waiting goes by a clock that "
        "nobody can step. A stand-in steps `time.time` and `time.time_ns` of each "
        "process; the clock of the machine stays as it is.",
        surroundings.clock_is_stepped,
        scene=Scene(environ=_CLOCK),
    ),
    Row(
        "USR2, and the old master ends",
        "during flips",
        "The new master has a publisher and a record of its own. Both serve, then the "
        "new one alone.",
        operations.upgrade,
        scene=_UPGRADED,
        is_plain_too=True,
    ),
    Row(
        "USR2, and the new master ends",
        "during flips",
        "Both serve, then the old one alone, as if nothing had happened.",
        operations.aborted_upgrade,
        scene=_UPGRADED,
        is_plain_too=True,
    ),
    Row(
        "kill -9 of the master while all else is stopped",
        "idle",
        "Whatever somebody has stopped goes on: the workers end after the request that "
        "they have, and the publisher with the master.",
        operations.master_ends_alone,
        rules.FROM_ITS_END,
    ),
    Row(
        "TTIN and TTOU",
        "during flips",
        "A worker that is added serves the newest config from its first request; one "
        "that is taken away ends after the request that it has.",
        operations.more_and_fewer_workers,
        is_plain_too=True,
    ),
    Row(
        "`max_requests` 50",
        "under load, during flips",
        "Each worker that takes the place of one serves the newest config from its "
        "first request.",
        operations.recycled_workers,
        scene=Scene(arguments=["--max-requests=50"]),
        is_plain_too=True,
    ),
)

ROWS = (*_signal_rows(), *_OTHER_ROWS)

# What `make test` runs: one of each kind. `make faults` runs all.
EVERYDAY = frozenset(
    {
        "kill -9 of the publisher, during publication",
        "kill -9 of the worker, idle",
        "the source is unmounted, or another mount hides it, and it comes back, "
        "during flips",
        "TTIN and TTOU, during flips",
    }
)
