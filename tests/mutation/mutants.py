"""
The safeguards of the protocol, each as a change of the code that takes it away.

Owns: the table.
Must not know: how a mutant is run.
Runs in: `python -m tests.mutation.run`, and the test that the table fits the code.
"""

from __future__ import annotations

from dataclasses import dataclass

_RECORD = ("tests/unit/test_record.py", "tests/process/test_record_processes.py")
_SOURCE = ("tests/process/test_source_generations.py",)
_MANAGER = ("tests/unit/test_manager.py",)
_LOSS = ("tests/process/test_watcher_loss.py",)
_CHAIN = ("tests/process/test_watcher_chain.py",)
_SOURCES = ("tests/process/test_watcher_sources.py",)
_LIFECYCLE = ("tests/process/test_watcher_lifecycle.py",)
_PUBLISHER = ("tests/unit/test_publisher.py",)
_SUPERVISOR = ("tests/process/test_supervisor.py",)
_TABLE = ("tests/unit/test_worker_table.py",)
_BROADCAST = ("tests/unit/test_broadcast.py",)
_FOLLOWER = ("tests/process/test_follower.py",)
_CONVERGENCE = ("tests/service/test_convergence.py",)
_CACHE = ("tests/unit/test_cache.py",)
_FAULTS = ("tests/service/test_faults.py",)
_DAMAGE = ("tests/service/test_damage.py",)


@dataclass(frozen=True)
class Mutant:
    """
    One safeguard, and the code without it.

    Attributes:
        module: the module of the package.
        safeguard: what is taken away.
        old: text that stands in the module exactly once.
        new: what stands there instead.
        tests: where the tests are of which at least one must fail.
    """

    module: str
    safeguard: str
    old: str
    new: str
    tests: tuple[str, ...]


MUTANTS = (
    Mutant(
        "record",
        "the checksum is tested",
        "if words[slot + _CHECKSUM] != checksum:",
        "if False:",
        _RECORD,
    ),
    Mutant(
        "record",
        "the checksum covers the version",
        'struct.pack("QQQ", version, len(payload), published_at_ns)',
        'struct.pack("QQQ", 0, len(payload), published_at_ns)',
        _RECORD,
    ),
    Mutant(
        "record",
        "the checksum covers the time",
        'struct.pack("QQQ", version, len(payload), published_at_ns)',
        'struct.pack("QQQ", version, len(payload), 0)',
        _RECORD,
    ),
    Mutant(
        "record",
        "the slot's version is looked at before the copy",
        "if words[slot + _VERSION] != version:  # model: R6",
        "if False:",
        _RECORD,
    ),
    Mutant(
        "record",
        "a length beyond the slot is refused",
        "if length > self.payload_bytes_max:",
        "if False:",
        _RECORD,
    ),
    Mutant(
        "record",
        "a slot is marked before it is written",
        "words[slot + _VERSION] = 0",
        "pass",
        _RECORD,
    ),
    Mutant(
        "record",
        "the slot that is current is left alone",
        "slot = version % _SLOTS",
        "slot = 0",
        _RECORD,
    ),
    Mutant(
        "record",
        "a copy that is not whole is taken again",
        "for _ in range(_TRIES_MAX):",
        "for _ in range(1):",
        _RECORD,
    ),
    Mutant(
        "record",
        "a version that fell is no publication",
        "if version < held_version:",
        "if False:",
        _RECORD,
    ),
    Mutant(
        "record",
        "a second writer is refused",
        "fcntl.fcntl(self._claim, fcntl.F_OFD_SETLK, lock)",
        "pass",
        _RECORD,
    ),
    Mutant(
        "record",
        "the claim is on a description of its own",
        'os.open(f"/proc/self/fd/{descriptor}", os.O_RDWR | os.O_CLOEXEC)',
        "os.dup(descriptor)",
        _RECORD,
    ),
    Mutant(
        "record",
        "a payload over the limit is refused",
        "if len(payload) > self._payload_bytes_max:",
        "if False:",
        _RECORD,
    ),
    Mutant(
        "record",
        "the slot's version is looked at again after the copy",
        "if words[slot + _VERSION] != version:  # model: R9",
        "if False:",
        _RECORD,
    ),
    Mutant(
        "record",
        "what a dead writer left is wiped",
        "self._words[slot + _CHECKSUM] = _NO_CHECKSUM",
        "pass",
        _RECORD,
    ),
    Mutant(
        "record",
        "the memory is sealed",
        "fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL",
        "fcntl.F_SEAL_GROW",
        _RECORD,
    ),
    Mutant(
        "record",
        "a reader's mapping cannot write",
        "self._memory = _map(descriptor, mmap.PROT_READ)",
        "self._memory = _map(descriptor, mmap.PROT_READ | mmap.PROT_WRITE)",
        _RECORD,
    ),
    Mutant(
        "record",
        "a writer does not believe a head that names no slot",
        "if head in slots or (head == 0 and max(slots) <= 1):",
        "if True:",
        _SUPERVISOR,
    ),
    Mutant(
        "source",
        "the link still leads to the directory that was read",
        "if not os.path.samestat(os.stat(path), status):",
        "if False:",
        _SOURCE,
    ),
    Mutant(
        "source",
        "files are opened relative to the directory",
        "with _opened(name, directory) as descriptor:",
        "with _opened(path) as descriptor:",
        _SOURCE,
    ),
    Mutant(
        "source",
        "a file that changed while it was read is read again",
        "if before != [_stamp(os.stat(name, dir_fd=directory)) for name in names]:",
        "if False:",
        _SOURCE,
    ),
    Mutant(
        "source",
        "a reading that was disturbed starts over",
        "for _ in range(_TRIES_MAX):",
        "for _ in range(1):",
        _SOURCE,
    ),
    Mutant(
        "source",
        "a volume is read by way of its link",
        "return data if os.path.lexists(data) else path",
        "return path",
        _SOURCE,
    ),
    Mutant(
        "source",
        "what is too large is not read",
        "if size_bytes > self._bytes_max:",
        "if False:",
        _SOURCE,
    ),
    Mutant(
        "manager",
        "the config is there before its version",
        "        self._config = snapshot.config\n"
        "        self._version = snapshot.version\n",
        "        self._version = snapshot.version\n"
        "        self._config = snapshot.config\n",
        _MANAGER,
    ),
    Mutant(
        "manager",
        "nobody waits for a thread that decodes",
        "if self._lock.acquire(blocking=False):",
        "if self._lock.acquire():",
        _MANAGER,
    ),
    Mutant(
        "manager",
        "a child has a lock of its own",
        "manager._lock = threading.Lock()",
        "pass",
        _MANAGER,
    ),
    Mutant(
        "manager",
        "damage keeps the snapshot at hand",
        "        except CorruptRecordError:\n            self._stale_since =",
        "        except ZeroDivisionError:\n            self._stale_since =",
        _MANAGER,
    ),
    Mutant(
        "manager",
        "a new version is read at once after damage",
        "if head == self._unreadable_head and time.monotonic() < self._retry_at:",
        "if self._stale_since and time.monotonic() < self._retry_at:",
        _MANAGER,
    ),
    Mutant(
        "manager",
        "a process without a config waits for the repair",
        "for _ in range(_FIRST_TRIES_MAX):",
        "for _ in range(0):",
        _DAMAGE,
    ),
    Mutant(
        "inotify",
        "an overflow is a loss",
        "if mask & pyinotify.IN_Q_OVERFLOW:",
        "if False:",
        _LOSS,
    ),
    Mutant(
        "inotify",
        "a watch that was taken away is a loss",
        "if mask & (pyinotify.IN_IGNORED | pyinotify.IN_UNMOUNT):",
        "if False:",
        _LOSS,
    ),
    Mutant(
        "inotify",
        "a directory that goes away itself is noticed",
        "_SELF = pyinotify.IN_DELETE_SELF | pyinotify.IN_MOVE_SELF",
        "_SELF = 0",
        _CHAIN,
    ),
    Mutant(
        "inotify",
        "the path is walked again after its watches are there",
        "if is_complete and wanted == before:",
        "if True:",
        _CHAIN,
    ),
    Mutant(
        "inotify",
        "links are watched and not followed",
        "pyinotify.IN_ONLYDIR | pyinotify.IN_DONT_FOLLOW",
        "pyinotify.IN_ONLYDIR",
        _CHAIN,
    ),
    Mutant(
        "inotify",
        "the new target of a link is watched",
        "return Change.AT_ONCE | (Change.NOTHING if is_flip else Change.MOVED)",
        "return Change.AT_ONCE",
        _SOURCES,
    ),
    Mutant(
        "inotify",
        "the instance is closed on exec",
        "os.set_inheritable(self.descriptor, False)",
        "os.set_inheritable(self.descriptor, True)",
        _LIFECYCLE,
    ),
    Mutant(
        "watcher",
        "what moved is watched again",
        "if changes & (Change.LOST | Change.MOVED):",
        "if changes & Change.LOST:",
        _CHAIN,
    ),
    Mutant(
        "watcher",
        "what was lost is watched again",
        "if changes & (Change.LOST | Change.MOVED):",
        "if changes & Change.MOVED:",
        _LOSS,
    ),
    Mutant(
        "watcher",
        "a loss is followed by a call",
        "return bool(changes & (Change.LOST | Change.AT_ONCE))",
        "return bool(changes & Change.AT_ONCE)",
        _LOSS,
    ),
    Mutant(
        "watcher",
        "without events there is a call all the same",
        "elif time.monotonic() >= self._deadline():",
        "elif time.monotonic() >= self._settling.due:",
        _SOURCES,
    ),
    Mutant(
        "watcher",
        "without inotify it polls once a second",
        "seconds = min(seconds, _POLLING_SECONDS)",
        "pass",
        _LOSS,
    ),
    Mutant(
        "watcher",
        "inotify is tried again",
        "if self._inotify is None and now < self._retry_at:",
        "if self._inotify is None and self._retry_at:",
        _LOSS,
    ),
    Mutant(
        "watcher",
        "endless writing cannot put the call off",
        "self.due = min(now + quiet, self._began + self._longest)",
        "self.due = now + quiet",
        _SOURCES,
    ),
    Mutant(
        "watcher",
        "a write that is not closed is given more time",
        "quiet = self._unclosed_quiet if self._unclosed else self._quiet",
        "quiet = self._quiet",
        _SOURCES,
    ),
    Mutant(
        "chain",
        "every link on the way is watched",
        "        _add(watches, here, Watch(_ENTRY, frozenset({name})))\n"
        "        links += 1\n",
        "        links += 1\n",
        _CHAIN,
    ),
    Mutant(
        "chain",
        "a name that is missing is awaited",
        "notice = _ENTRY if mode else Notice.COMING",
        "notice = _ENTRY if mode else Notice.NOTHING",
        _CHAIN,
    ),
    Mutant(
        "publisher",
        "equal content is not published again",
        "if candidate.digest == self.status.digest:",
        "if False:",
        _PUBLISHER,
    ),
    Mutant(
        "publisher",
        "a damaged record is not gone on from",
        "if not record.is_whole(self.status.version):",
        "if False:",
        _SUPERVISOR,
    ),
    Mutant(
        "publisher",
        "what was overwritten is published again",
        "        self._mend()\n",
        "",
        _SUPERVISOR,
    ),
    Mutant(
        "publisher",
        "the status is written at every look",
        "self._journal.checked()",
        "pass",
        _SUPERVISOR,
    ),
    Mutant(
        "publisher",
        "versions never fall behind the status",
        "outlets.config.writer.skip(self.status.version)",
        "pass",
        _SUPERVISOR,
    ),
    Mutant(
        "publisher_process",
        "the publisher ends with its master",
        "end_with_parent(options.parent_pid, signal.SIGKILL)",
        "pass",
        (*_SUPERVISOR, *_FAULTS),
    ),
    Mutant(
        "supervisor",
        "a publisher that died is started again",
        "elif self._start_at is not None and time.monotonic() >= self._start_at:",
        "elif False:",
        _SUPERVISOR,
    ),
    Mutant(
        "supervisor",
        "one that dies young waits ever longer",
        "self._delay_seconds = min(_DELAY_SECONDS_MAX, doubled)",
        "pass",
        _SUPERVISOR,
    ),
    Mutant(
        "child",
        "a terminal's Ctrl-C is for the master alone",
        "start_new_session=True,",
        "start_new_session=False,",
        _FAULTS,
    ),
    Mutant(
        "child",
        "one that is stopped is replaced",
        "        if stopped_seconds > _STOPPED_SECONDS_MAX:",
        "        if False:",
        _SUPERVISOR,
    ),
    Mutant(
        "child",
        "one that is stopped while it starts is waited for no longer",
        "if self._stopped_seconds() > _STOPPED_SECONDS_MAX:",
        "if False:",
        _SUPERVISOR,
    ),
    Mutant(
        "publisher",
        "what was not kept on disk is kept later",
        "if self._is_unkept and self._published is not None:",
        "if False:",
        _PUBLISHER,
    ),
    Mutant(
        "child",
        "one without a pulse is replaced",
        "if now - self._pulse_at > pulse_seconds + _LATE_SECONDS_MAX:",
        "if False:",
        _SUPERVISOR,
    ),
    Mutant(
        "supervisor",
        "a damaged record is noticed",
        "if not self._has_damage():",
        "if True:",
        _DAMAGE,
    ),
    Mutant(
        "supervisor",
        "the header is written again",
        "record.mend_header()",
        "pass",
        _SUPERVISOR,
    ),
    Mutant(
        "gunicorn",
        "a worker ends with its master",
        "end_with_parent(worker.ppid, signal.SIGTERM)",
        "pass",
        _FAULTS,
    ),
    Mutant(
        "cache",
        "a file proves itself",
        "if content[:start] != _MAGIC + _digest(payload):",
        "if False:",
        _CACHE,
    ),
    Mutant(
        "cache",
        "the generation before is kept",
        "            self._keep_the_one_before()\n",
        "            pass\n",
        _CACHE,
    ),
    Mutant(
        "cache",
        "a file that is not whole has another name",
        "unfinished = self._directory / _UNFINISHED",
        "unfinished = self._directory / _NEWEST",
        _CACHE,
    ),
    Mutant(
        "worker_table",
        "a row is cleared with its worker",
        "            for word in _OF_ONE_WORKER:\n",
        "            for word in ():\n",
        _TABLE,
    ),
    Mutant(
        "worker_table",
        "counts stay with the row",
        "_OF_ONE_WORKER = range(_PID, _FAILURES)",
        "_OF_ONE_WORKER = range(_PID, _ROW_WORDS)",
        _TABLE,
    ),
    Mutant(
        "worker_table",
        "what a worker starts with is no propagation",
        "if self._words[_VERSION]:",
        "if True:",
        _TABLE,
    ),
    Mutant(
        "broadcast",
        "each arrival is told once",
        "EPOLLIN | EPOLLET",
        "EPOLLIN",
        _BROADCAST,
    ),
    Mutant(
        "publisher",
        "workers are woken",
        "        self._outlets.published.send()\n",
        "",
        _PUBLISHER,
    ),
    Mutant(
        "journal",
        "a history that was overwritten is written again",
        "if not self._history_channel.record.is_whole(0):",
        "if False:",
        _PUBLISHER,
    ),
    Mutant(
        "manager",
        "who may wait for a decode does",
        "            with self._lock:\n                self._take(snapshot)\n",
        "            self._refresh()\n",
        _MANAGER,
    ),
    Mutant(
        "manager",
        "a late subscription is told what is held",
        "0 if has_subscribed else held.version",
        "held.version",
        _FOLLOWER,
    ),
    Mutant(
        "manager",
        "callbacks begin anew in a child",
        "        subscription.renew()\n",
        "        pass\n",
        _FOLLOWER,
    ),
    Mutant(
        "subscription",
        "an exit does not end the thread",
        "except (Exception, SystemExit):",
        "except Exception:",
        _FOLLOWER,
    ),
    Mutant(
        "subscription",
        "a callback that hangs is told",
        "if seconds >= SLOW_SECONDS and not self._is_slow:",
        "if False:",
        _FOLLOWER,
    ),
    Mutant(
        "follower",
        "a worker looks for what it was woken for",
        "        refresh_all()\n",
        "        pass\n",
        _FOLLOWER,
    ),
    Mutant(
        "gunicorn",
        "rows are taken back",
        "_supervisor.shared.workers.take_back(worker.age)",
        "pass",
        _CONVERGENCE,
    ),
)
