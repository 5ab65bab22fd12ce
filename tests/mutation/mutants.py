"""
The safeguards of the protocol, each as a change of the code that takes it away.

Owns: the table.
Must not know: how a mutant is run.
Runs in: `python -m tests.mutation.run`, and the test that the table fits the code.
"""

from __future__ import annotations

from tests.mutation.apart import APART
from tests.mutation.bounds import BOUNDS
from tests.mutation.counted import COUNTED
from tests.mutation.guarded import GUARDED
from tests.mutation.judged import JUDGED
from tests.mutation.mutant import Mutant
from tests.mutation.reloaded import RELOADED
from tests.mutation.shown import SHOWN
from tests.mutation.started import STARTED
from tests.mutation.taken import TAKEN
from tests.mutation.watched import WATCHED
from tests.mutation.words import WORDS

_BROADCAST = "tests/unit/test_broadcast.py::test_"
_CACHE = "tests/unit/test_cache.py::test_"
_CLI_MANIFESTS = "tests/unit/test_cli_manifests.py::test_"
_CONVERGENCE = "tests/service/test_convergence.py::test_"
_DAMAGE = "tests/service/test_damage.py::test_"
_FAULTS = "tests/service/test_faults.py::test_"
_FOLLOWER = "tests/process/test_follower.py::test_"
_FORKS = "tests/process/test_forks.py::test_"
_MANAGER = "tests/unit/test_manager.py::test_"
_MARKUP = "tests/unit/test_markup.py::test_"
_MASTER_END = "tests/service/test_master_end.py::test_"
_NO_CONFIG_YET = "tests/service/test_no_config_yet.py::test_"
_PAGE = "tests/unit/test_page.py::test_"
_PUBLISHER = "tests/unit/test_publisher.py::test_"
_PUBLISHER_START = "tests/unit/test_publisher_start.py::test_"
_RECORD = "tests/unit/test_record.py::test_"
_SOURCE_GENERATIONS = "tests/process/test_source_generations.py::test_"
_SUPERVISOR = "tests/process/test_supervisor.py::test_"
_WORKER_TABLE = "tests/unit/test_worker_table.py::test_"

MUTANTS = (
    Mutant(
        "memory/record",
        "the checksum is tested",
        "if words[slot + CHECKSUM] != checksum:",
        "if False:",
        (f"{_RECORD}every_byte_of_a_slots_head_is_proven",),
    ),
    Mutant(
        "memory/record",
        "the checksum covers the version",
        'struct.pack("QQQ", version, len(payload), published_at_ns)',
        'struct.pack("QQQ", 0, len(payload), published_at_ns)',
        (f"{_RECORD}payload_of_another_version_is_not_taken",),
    ),
    Mutant(
        "memory/record",
        "the checksum covers the time",
        'struct.pack("QQQ", version, len(payload), published_at_ns)',
        'struct.pack("QQQ", version, len(payload), 0)',
        (f"{_RECORD}every_byte_of_a_slots_head_is_proven",),
    ),
    Mutant(
        "memory/record",
        "the slot's version is looked at before the copy",
        "if words[slot + VERSION] != version:  # model: R6",
        "if False:",
        (f"{_RECORD}slot_that_cannot_be_whole_is_not_copied",),
    ),
    Mutant(
        "memory/record",
        "a length beyond the slot is refused",
        "if length > self.payload_bytes_max:",
        "if False:",
        (f"{_RECORD}slot_that_cannot_be_whole_is_not_copied",),
    ),
    Mutant(
        "memory/record",
        "a slot is marked before it is written",
        "words[slot + VERSION] = 0",
        "pass",
        (f"{_RECORD}version_of_a_slot_is_a_witness_of_its_own",),
    ),
    Mutant(
        "memory/layout",
        "the slot that is current is left alone",
        "slot = version % SLOTS",
        "slot = 0",
        (f"{_RECORD}every_byte_of_a_slots_head_is_proven",),
    ),
    Mutant(
        "memory/record",
        "a copy that is not whole is taken again",
        "for _ in range(_TRIES_MAX):",
        "for _ in range(1):",
        (f"{_RECORD}reader_retries_when_the_writer_overtakes_it",),
    ),
    Mutant(
        "memory/record",
        "a version that fell is no publication",
        "if version < held_version:",
        "if False:",
        (f"{_RECORD}head_that_fell_is_noticed",),
    ),
    Mutant(
        "memory/record",
        "a second writer is refused",
        "fcntl.fcntl(self._claim, fcntl.F_OFD_SETLK, lock)",
        "pass",
        (f"{_RECORD}second_writer_is_refused",),
    ),
    Mutant(
        "memory/record",
        "the claim is on a description of its own",
        "self._claim = kernel.opened_anew(descriptor, os.O_RDWR)",
        "self._claim = os.dup(descriptor)",
        ("tests/process/test_record_processes.py",),
    ),
    Mutant(
        "memory/record",
        "a payload over the limit is refused",
        "if len(payload) > self._payload_bytes_max:",
        "if False:",
        (f"{_RECORD}payload_over_the_limit_is_refused_whole",),
    ),
    Mutant(
        "memory/record",
        "the slot's version is looked at again after the copy",
        "if words[slot + VERSION] != version:  # model: R9",
        "if False:",
        (f"{_RECORD}slot_begun_anew_during_the_copy_is_not_taken",),
    ),
    Mutant(
        "memory/record",
        "what a dead writer left is wiped",
        "self._words[slot + CHECKSUM] = _NO_CHECKSUM",
        "pass",
        (f"{_RECORD}unfinished_publication_is_not_taken_for_its_successors",),
    ),
    Mutant(
        "memory/record",
        "a reader's mapping cannot write",
        "self._memory = _map(descriptor, mmap.PROT_READ)",
        "self._memory = _map(descriptor, mmap.PROT_READ | mmap.PROT_WRITE)",
        ("tests/unit/test_record.py",),
    ),
    Mutant(
        "memory/record",
        "a writer does not believe a head that names no slot",
        "(head in slots or (head == 0 and max(slots) <= 1)):",
        "True:",
        (f"{_SUPERVISOR}record_overwritten_without_a_publisher_goes_on",),
    ),
    Mutant(
        "memory/record",
        "a head that no count can have is damage",
        "if head in known and (",
        "if (",
        (f"{_SUPERVISOR}record_overwritten_without_a_publisher_goes_on",),
    ),
    Mutant(
        "memory/record",
        "what processes inherit of a record cannot write",
        "cls(kernel.opened_anew(writable, os.O_RDONLY))",
        "cls(kernel.opened_anew(writable, os.O_RDWR))",
        (f"{_RECORD}descriptor_of_a_record_cannot_write",),
    ),
    Mutant(
        "reading/source",
        "the link still leads to the directory that was read",
        "if not os.path.samestat(os.stat(path), status):",
        "if False:",
        (f"{_SOURCE_GENERATIONS}reading_is_never_a_mixture_of_two_generations",),
    ),
    Mutant(
        "reading/source",
        "files are opened relative to the directory",
        "with _opened(name, directory) as descriptor:",
        "with _opened(path) as descriptor:",
        (f"{_SOURCE_GENERATIONS}new_key_is_read_before_its_link_appears",),
    ),
    Mutant(
        "reading/source",
        "a file that changed while it was read is read again",
        "if before != [_stamp(os.stat(name, dir_fd=directory)) for name in names]:",
        "if False:",
        (f"{_SOURCE_GENERATIONS}file_written_during_a_read_is_read_again",),
    ),
    Mutant(
        "reading/source",
        "a reading that was disturbed starts over",
        "for tries in range(_TRIES_MAX):",
        "for tries in range(1):",
        (f"{_SOURCE_GENERATIONS}reading_is_never_a_mixture_of_two_generations",),
    ),
    Mutant(
        "reading/source",
        "a volume is read by way of its link",
        "return data if os.path.lexists(data) else path",
        "return path",
        (f"{_SOURCE_GENERATIONS}new_key_is_read_before_its_link_appears",),
    ),
    Mutant(
        "reading/source",
        "what is too large is not read",
        "if size_bytes > self._bytes_max:",
        "if False:",
        (f"{_SOURCE_GENERATIONS}size_over_the_limit_is_refused_unread",),
    ),
    Mutant(
        "worker/manager",
        "the config is there before its version",
        "        self._config = snapshot.config\n"
        "        self._version = snapshot.version\n",
        "        self._version = snapshot.version\n"
        "        self._config = snapshot.config\n",
        (f"{_MANAGER}other_threads_see_no_mixture_at_any_store",),
    ),
    Mutant(
        "worker/manager",
        "nobody waits for a thread that decodes",
        "if self._lock.acquire(blocking=False):",
        "if self._lock.acquire():",
        (f"{_MANAGER}get_while_another_thread_decodes_does_not_wait",),
    ),
    Mutant(
        "worker/manager",
        "a child has a lock of its own",
        "manager._lock = threading.Lock()",
        "pass",
        (f"{_FORKS}child_of_a_busy_parent_refreshes",),
    ),
    Mutant(
        "worker/manager",
        "damage keeps the snapshot at hand",
        "except (CorruptRecordError, UnfitConfigError, MemoryError) as error:",
        "except ZeroDivisionError as error:",
        (f"{_MANAGER}damage_keeps_the_last_snapshot",),
    ),
    Mutant(
        "worker/manager",
        "a new version is read at once after damage",
        "if head == self._unreadable_head and time.monotonic() < self._retry_at:",
        "if self._stale_since and time.monotonic() < self._retry_at:",
        (f"{_MANAGER}publication_right_after_damage_is_read_at_once",),
    ),
    Mutant(
        "worker/manager",
        "a process without a config waits for the repair",
        "for _ in range(_FIRST_TRIES_MAX):",
        "for _ in range(0):",
        (f"{_DAMAGE}overwritten_record_fails_no_request",),
    ),
    Mutant(
        "worker/binding",
        "a process that waits for the first config knows that it does",
        "if status is None or status.version:",
        "if True:",
        (f"{_MANAGER}get_before_the_first_publication_is_an_error",),
    ),
    Mutant(
        "falcon",
        "who needs no config is answered without one",
        "if self._needs_config(req.path):",
        "if True:",
        (f"{_NO_CONFIG_YET}start_with_a_bad_config_is_up_and_not_ready",),
    ),
    Mutant(
        "publishing/publisher",
        "what was there at the start is no change",
        "return changed_at if changed_at + _CLOCK_STEP_SECONDS > seen_at else 0.0",
        "return changed_at",
        (f"{_PUBLISHER}age_of_the_source_is_no_delay",),
    ),
    Mutant(
        "publishing/publisher",
        "what is missing is read anew when it is back",
        '            self._seen_digest = ""\n            self._note(events.Missing',
        "            self._note(events.Missing",
        (f"{_PUBLISHER}rejection_goes_with_its_file",),
    ),
    Mutant(
        "reading/manifest",
        "the end of lines counts what is before a document",
        "_document(file.path, before + text[start:end], limits)",
        "_document(file.path, text[start:end], limits)",
        (f"{_CLI_MANIFESTS}place_in_any_document_is_the_one_of_the_file",),
    ),
    Mutant(
        "reading/manifest",
        "a ConfigMap that cannot be read is not skipped",
        "is_ours = kind in FIELDS or kind in _LISTS",
        "is_ours = False",
        (f"{_CLI_MANIFESTS}config_map_that_cannot_be_read_is_told",),
    ),
    Mutant(
        "command/checker",
        "what a Secret says is masked",
        "shown = _veiled(shown, candidate.documents[file])",
        "pass",
        (f"{_CLI_MANIFESTS}text_of_a_secret_is_masked_by_show",),
    ),
    Mutant(
        "command/checker",
        "what Kubernetes refuses is not ok",
        "        if each.errors:\n",
        "        if False:\n",
        (f"{_CLI_MANIFESTS}binary_data_may_be_spread_over_lines",),
    ),
    Mutant(
        "command/cli",
        "a check of nothing is not good",
        "return _GOOD if is_good and is_any else _BAD",
        "return _GOOD if is_good else _BAD",
        (f"{_CLI_MANIFESTS}what_holds_no_config_is_never_ok",),
    ),
    Mutant(
        "publishing/publisher",
        "equal content is not published again",
        "if before is not None and candidate.digest == before.digest:",
        "if False:",
        (f"{_PUBLISHER}successor_goes_on_from_the_record",),
    ),
    Mutant(
        "publishing/releases",
        "a damaged record is not gone on from",
        "if not record.is_whole(version_min):",
        "if False:",
        (f"{_SUPERVISOR}record_overwritten_without_a_publisher_goes_on",),
    ),
    Mutant(
        "publishing/publisher",
        "what was overwritten is published again",
        "        self._mend()\n",
        "",
        (f"{_SUPERVISOR}overwritten_record_is_published_again",),
    ),
    Mutant(
        "publishing/publisher",
        "the status is written at every look",
        "self._note(events.Checked(self._looked_at, self._poll_seconds))",
        "pass",
        (f"{_SUPERVISOR}publisher_without_a_pulse_is_replaced",),
    ),
    Mutant(
        "publishing/publisher",
        "versions never fall behind the status",
        "version_min = max(version_min, self.status.version)",
        "pass",
        (f"{_PUBLISHER}record_that_fell_behind_the_status_is_left_behind",),
    ),
    Mutant(
        "publishing/releases",
        "versions never fall behind what the master has seen",
        "self._outlets.config.writer.skip(version_min)",
        "pass",
        (f"{_SUPERVISOR}record_overwritten_without_a_publisher_goes_on",),
    ),
    Mutant(
        "master/supervisor",
        "the master passes on which version there was",
        "Child(self.shared, self.newest_version, role,",
        "Child(self.shared, 0, role,",
        (f"{_SUPERVISOR}all_records_overwritten_without_a_publisher_go_on",),
    ),
    Mutant(
        "master/supervisor",
        "what only a worker has seen counts",
        "max(self._version, self.shared.workers.newest_version())",
        "self._version",
        (f"{_SUPERVISOR}version_that_only_a_worker_has_seen_is_passed_on",),
    ),
    Mutant(
        "publishing/process",
        "the publisher ends with its master",
        "end_with_parent(options.parent_pid, signal.SIGKILL)",
        "pass",
        (f"{_SUPERVISOR}publisher_dies_with_its_master",),
    ),
    Mutant(
        "master/supervisor",
        "a publisher that died is started again",
        "elif self._start_at is not None and time.monotonic() >= self._start_at:",
        "elif False:",
        (f"{_SUPERVISOR}killed_publisher_is_started_again",),
    ),
    Mutant(
        "master/supervisor",
        "one that dies young waits ever longer",
        "self._delay_seconds = min(_DELAY_SECONDS_MAX, doubled)",
        "pass",
        (f"{_SUPERVISOR}publisher_that_dies_young_is_started_ever_more_slowly",),
    ),
    Mutant(
        "master/child",
        "a terminal's Ctrl-C is for the master alone",
        "start_new_session=True,",
        "start_new_session=False,",
        (f"{_FAULTS}ctrl_c_in_a_terminal_ends_all_in_order",),
    ),
    Mutant(
        "master/child",
        "one that is stopped is replaced",
        "        if stopped_seconds > _STOPPED_SECONDS_MAX:",
        "        if False:",
        (f"{_SUPERVISOR}stopped_publisher_is_replaced",),
    ),
    Mutant(
        "master/child",
        "one that hangs while it starts is waited for no longer",
        "if trouble := self.trouble(0.0):",
        "if trouble := '':",
        (f"{_SUPERVISOR}publisher_that_hangs_while_it_starts_is_waited_for_no_longer",),
    ),
    Mutant(
        "publishing/publisher",
        "what was not kept on disk is kept later",
        "            self._note(events.NotKept(",
        "            self._kept = live.payload\n            self._note(events.NotKept(",
        (f"{_PUBLISHER_START}config_that_was_not_kept_is_kept_as_soon_as_it_can_be",),
    ),
    Mutant(
        "master/hang",
        "one without a pulse is replaced",
        "if now - self._begun_at > pulse_seconds + _LATE_SECONDS_MAX:",
        "if False:",
        (f"{_SUPERVISOR}publisher_without_a_pulse_is_replaced",),
    ),
    Mutant(
        "master/supervisor",
        "a damaged record is noticed",
        "if not self._find_damage():",
        "if True:",
        (f"{_DAMAGE}overwritten_record_fails_no_request",),
    ),
    Mutant(
        "master/supervisor",
        "the header is written again",
        "record.mend_header()",
        "pass",
        (f"{_SUPERVISOR}overwritten_record_is_published_again",),
    ),
    Mutant(
        "gunicorn",
        "a worker ends with its master",
        "    end_with_parent(worker.ppid, signal.SIGTERM)\n    if _supervisor",
        "    if _supervisor",
        (f"{_MASTER_END}worker_ends_by_itself_where_nobody_is_left_to_end_it",),
    ),
    Mutant(
        "publishing/cache",
        "a file proves itself",
        "if head != _MAGIC + hashlib.sha256(body).digest():",
        "if False:",
        (f"{_CACHE}damaged_newest_falls_back_to_the_one_before",),
    ),
    Mutant(
        "publishing/cache",
        "the generation before is kept",
        "_rename(directory, _NEWEST, _BEFORE)",
        "pass",
        (f"{_CACHE}two_generations_are_kept_and_nothing_else",),
    ),
    Mutant(
        "publishing/cache",
        "a file that is not whole has another name",
        'unfinished = f"{_NEWEST}.{secrets.token_hex(8)}{_UNFINISHED}"',
        "unfinished = _NEWEST",
        (f"{_CACHE}stored_payload_is_loaded",),
    ),
    Mutant(
        "publishing/cache",
        "what others can write to is not used",
        "if status.st_mode & _OTHERS_CAN_WRITE:",
        "if False:",
        (f"{_CACHE}directory_that_others_write_to_is_not_used",),
    ),
    Mutant(
        "publishing/cache",
        "what is another user's is not used",
        "if status.st_uid not in (os.geteuid(), 0):",
        "if False:",
        (f"{_CACHE}directory_of_somebody_else_is_not_used",),
    ),
    Mutant(
        "publishing/cache",
        "no link is followed",
        "os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK",
        "os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK",
        (f"{_CACHE}what_is_no_file_of_ours_is_named_and_not_waited_for",),
    ),
    Mutant(
        "publishing/cache",
        "a config is its own source's",
        "if source != self._source:",
        "if False:",
        (f"{_CACHE}two_services_do_not_share_a_cache",),
    ),
    Mutant(
        "publishing/publisher",
        "a successor keeps what was not kept",
        "            if (live := self._releases.live) is not None:\n",
        "            if (live := self._releases.live) is not None:\n"
        "                self._kept = live.payload\n",
        (f"{_PUBLISHER_START}successor_keeps_what_its_predecessor_did_not",),
    ),
    Mutant(
        "memory/worker_table",
        "a row is cleared with its worker",
        "            for word in OF_ONE_WORKER:\n",
        "            for word in ():\n",
        (f"{_FORKS}dirty_workers_have_rows_that_their_own_parent_gives_out",),
    ),
    Mutant(
        "memory/worker_row",
        "counts stay with the row",
        "OF_ONE_WORKER = (*range(PID, FAILURES), SCHEMA, IS_BLIND)",
        "OF_ONE_WORKER = range(PID, ROW_WORDS)",
        (f"{_WORKER_TABLE}counts_outlive_their_worker",),
    ),
    Mutant(
        "memory/worker_row",
        "what a worker starts with is no propagation",
        "if self._words[VERSION] or is_awaited:",
        "if True:",
        (f"{_WORKER_TABLE}propagation_falls_into_its_bucket",),
    ),
    Mutant(
        "processes/broadcast",
        "each arrival is told once",
        "EPOLLIN | EPOLLET",
        "EPOLLIN",
        (f"{_BROADCAST}every_listener_is_woken_once",),
    ),
    Mutant(
        "publishing/releases",
        "workers are woken",
        "publish(payload)\n        self._outlets.published.send()\n",
        "publish(payload)\n",
        (f"{_PUBLISHER}workers_are_woken_by_each_publication",),
    ),
    Mutant(
        "publishing/publisher",
        "a successor wakes the workers",
        "        self._releases.wake_workers()\n",
        "",
        (f"{_PUBLISHER}successor_tells_of_a_publication_that_was_its_publishers_last",),
    ),
    Mutant(
        "publishing/journal",
        "a history that was overwritten is written again",
        "if not self._history_channel.record.is_whole(0):",
        "if False:",
        (f"{_PUBLISHER}history_that_was_overwritten_is_written_again",),
    ),
    Mutant(
        "worker/manager",
        "who may wait for a decode does",
        "            with self._lock:\n                self._take(snapshot)\n",
        "            self._refresh()\n",
        (f"{_MANAGER}refresh_waits_for_a_decode_under_way",),
    ),
    Mutant(
        "worker/manager",
        "a late subscription is told what is held",
        "0 if is_news else held.version",
        "held.version",
        (f"{_FOLLOWER}callback_is_told_each_version_once",),
    ),
    Mutant(
        "worker/manager",
        "callbacks begin anew in a child",
        "        subscription.renew()\n",
        "        pass\n",
        (f"{_FOLLOWER}callbacks_begin_anew_in_a_child_that_follows",),
    ),
    Mutant(
        "worker/subscription",
        "an exit does not end the thread",
        "except BaseException:",
        "except Exception:",
        (f"{_FOLLOWER}callback_that_raises_is_counted_and_told_the_next",),
    ),
    Mutant(
        "worker/subscription",
        "a callback that hangs is told",
        "if seconds >= SLOW_SECONDS and not self._is_slow:",
        "if False:",
        (f"{_FOLLOWER}callback_that_hangs_harms_nothing_else",),
    ),
    Mutant(
        "worker/follower",
        "a worker looks for what it was woken for",
        "        refresh_all()\n",
        "        pass\n",
        (f"{_FOLLOWER}idle_processes_take_what_is_published",),
    ),
    Mutant(
        "master/arbiter",
        "rows are taken back",
        "supervisor.shared.workers.take_back_all_but(living)",
        "False",
        (f"{_CONVERGENCE}row_goes_with_its_worker",),
    ),
    *RELOADED,
    *SHOWN,
    *APART,
    *BOUNDS,
    *COUNTED,
    *JUDGED,
    *GUARDED,
    *STARTED,
    *TAKEN,
    *WATCHED,
    *WORDS,
    Mutant(
        "operators/markup",
        "text is escaped",
        "return escape(child)",
        "return child",
        (f"{_MARKUP}text_is_escaped",),
    ),
    Mutant(
        "operators/markup",
        "what hides or turns text is named",
        "if character.isprintable() or character in",
        "if character or character in",
        (f"{_MARKUP}what_is_not_seen_is_named",),
    ),
    Mutant(
        "operators/page",
        "no inline script is allowed",
        "\"script-src 'self'\"",
        "\"script-src 'self' 'unsafe-inline'\"",
        (f"{_PAGE}policy_allows_the_two_files_and_no_more",),
    ),
)
