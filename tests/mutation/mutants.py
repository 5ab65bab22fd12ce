"""
The safeguards of the protocol, each as a change of the code that takes it away.

Owns: the table.
Must not know: how a mutant is run.
Runs in: `python -m tests.mutation.run`, and the test that the table fits the code.
"""

from __future__ import annotations

from tests.mutation.alone import ALONE
from tests.mutation.apart import APART
from tests.mutation.bounds import BOUNDS
from tests.mutation.counted import COUNTED
from tests.mutation.guarded import GUARDED
from tests.mutation.judged import JUDGED
from tests.mutation.mutant import Mutant
from tests.mutation.operations import (
    Always,
    Argument,
    Drop,
    Instead,
    Never,
    Only,
    Swap,
    Text,
    Value,
    Without,
)
from tests.mutation.reloaded import RELOADED
from tests.mutation.shown import SHOWN
from tests.mutation.started import STARTED
from tests.mutation.taken import TAKEN
from tests.mutation.tried import TRIED
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
_MASTER_END = "tests/service/test_master_end.py::test_"
_NO_CONFIG_YET = "tests/service/test_no_config_yet.py::test_"
_PAGE = "tests/unit/test_page.py::test_"
_PUBLISHER = "tests/unit/test_publisher.py::test_"
_PUBLISHER_START = "tests/unit/test_publisher_start.py::test_"
_RECORD = "tests/unit/test_record.py::test_"
_SOURCE_GENERATIONS = "tests/process/test_source_generations.py::test_"
_TEMPLATES = "tests/unit/test_templates.py::test_"
_SUPERVISOR = "tests/process/test_supervisor.py::test_"
_WORKER_TABLE = "tests/unit/test_worker_table.py::test_"

MUTANTS = (
    Mutant(
        "memory.record:Record._copy",
        "the checksum is tested",
        Never("CHECKSUM"),
        (f"{_RECORD}every_byte_of_a_slots_head_is_proven",),
    ),
    Mutant(
        "memory.record:_checksum",
        "the checksum covers the version",
        Argument("pack", 1, "0"),
        (f"{_RECORD}payload_of_another_version_is_not_taken",),
    ),
    Mutant(
        "memory.record:_checksum",
        "the checksum covers the time",
        Argument("pack", 3, "0"),
        (f"{_RECORD}every_byte_of_a_slots_head_is_proven",),
    ),
    Mutant(
        "memory.record:Record._copy",
        "the slot's version is looked at before the copy",
        Never("VERSION", nth=1),
        (f"{_RECORD}slot_that_cannot_be_whole_is_not_copied",),
    ),
    Mutant(
        "memory.record:Record._copy",
        "a length beyond the slot is refused",
        Never("payload_bytes_max"),
        (f"{_RECORD}slot_that_cannot_be_whole_is_not_copied",),
    ),
    Mutant(
        "memory.record:Writer.publish",
        "a slot is marked before it is written",
        Drop("VERSION", nth=1),
        (f"{_RECORD}version_of_a_slot_is_a_witness_of_its_own",),
    ),
    Mutant(
        "memory.layout:slot_word",
        "the slot that is current is left alone",
        Value("slot", "0"),
        (f"{_RECORD}every_byte_of_a_slots_head_is_proven",),
    ),
    Mutant(
        "memory.record:Record.read",
        "a copy that is not whole is taken again",
        Swap("_TRIES_MAX", "1"),
        (f"{_RECORD}reader_retries_when_the_writer_overtakes_it",),
    ),
    Mutant(
        "memory.record:Record.read",
        "a version that fell is no publication",
        Never("version held_version", nth=2),
        (f"{_RECORD}head_that_fell_is_noticed",),
    ),
    Mutant(
        "memory.record:Writer.__init__",
        "a second writer is refused",
        Drop("F_OFD_SETLK"),
        (f"{_RECORD}second_writer_is_refused",),
    ),
    Mutant(
        "memory.record:Writer.__init__",
        "the claim is on a description of its own",
        Value("_claim", "os.dup(descriptor)"),
        ("tests/process/test_record_processes.py",),
    ),
    Mutant(
        "memory.record:Writer.publish",
        "a payload over the limit is refused",
        Never("_payload_bytes_max"),
        (f"{_RECORD}payload_over_the_limit_is_refused_whole",),
    ),
    Mutant(
        "memory.record:Record._copy",
        "the slot's version is looked at again after the copy",
        Never("VERSION", nth=2),
        (f"{_RECORD}slot_begun_anew_during_the_copy_is_not_taken",),
    ),
    Mutant(
        "memory.record:Writer._wipe_unfinished",
        "what a dead writer left is wiped",
        Drop("CHECKSUM"),
        (f"{_RECORD}unfinished_publication_is_not_taken_for_its_successors",),
    ),
    Mutant(
        "memory.record:Record.__init__",
        "a reader's mapping cannot write",
        Argument("_map", 1, "mmap.PROT_READ | mmap.PROT_WRITE"),
        ("tests/unit/test_record.py",),
    ),
    Mutant(
        "memory.record:Writer._version_before",
        "a writer does not believe a head that names no slot",
        Without("head slots"),
        (f"{_SUPERVISOR}record_overwritten_without_a_publisher_goes_on",),
    ),
    Mutant(
        "memory.record:Writer._version_before",
        "a head that no count can have is damage",
        Without("head known"),
        (f"{_SUPERVISOR}record_overwritten_without_a_publisher_goes_on",),
    ),
    Mutant(
        "memory.record:Record.create",
        "what processes inherit of a record cannot write",
        Argument("opened_anew", 1, "os.O_RDWR"),
        (f"{_RECORD}descriptor_of_a_record_cannot_write",),
    ),
    Mutant(
        "reading.source:Source._read_directory",
        "the link still leads to the directory that was read",
        Never("samestat"),
        (f"{_SOURCE_GENERATIONS}reading_is_never_a_mixture_of_two_generations",),
    ),
    Mutant(
        "reading.source:Source._read_files",
        "files are opened relative to the directory",
        Swap("_opened(name, directory)", "_opened(path)"),
        (f"{_SOURCE_GENERATIONS}new_key_is_read_before_its_link_appears",),
    ),
    Mutant(
        "reading.source:Source._read_files",
        "a file that changed while it was read is read again",
        Never("_stamp"),
        (f"{_SOURCE_GENERATIONS}file_written_during_a_read_is_read_again",),
    ),
    Mutant(
        "reading.source:Source.read",
        "a reading that was disturbed starts over",
        Swap("_TRIES_MAX", "1", nth=1),
        (f"{_SOURCE_GENERATIONS}reading_is_never_a_mixture_of_two_generations",),
    ),
    Mutant(
        "reading.source:_entry",
        "a volume is read by way of its link",
        Never("lexists"),
        (f"{_SOURCE_GENERATIONS}new_key_is_read_before_its_link_appears",),
    ),
    Mutant(
        "reading.source:Source._check_size",
        "what is too large is not read",
        Never("_bytes_max"),
        (f"{_SOURCE_GENERATIONS}size_over_the_limit_is_refused_unread",),
    ),
    Mutant(
        "worker.manager:ConfigManager._keep",
        "the config is there before its version",
        Instead(
            "_config",
            "self._version = snapshot.version; self._config = snapshot.config",
        ),
        (f"{_MANAGER}other_threads_see_no_mixture_at_any_store",),
    ),
    Mutant(
        "worker.manager:ConfigManager._take_unless_taken",
        "nobody waits for a thread that decodes",
        Without("blocking"),
        (f"{_MANAGER}get_while_another_thread_decodes_does_not_wait",),
    ),
    Mutant(
        "worker.manager:_renew_in_child",
        "a child has a lock of its own",
        Drop("_lock"),
        (f"{_FORKS}child_of_a_busy_parent_refreshes",),
    ),
    Mutant(
        "worker.manager:ConfigManager._take",
        "damage keeps the snapshot at hand",
        Swap(
            "(CorruptRecordError, UnfitConfigError, MemoryError)", "ZeroDivisionError"
        ),
        (f"{_MANAGER}damage_keeps_the_last_snapshot",),
    ),
    Mutant(
        "worker.manager:ConfigManager._take",
        "a new version is read at once after damage",
        Swap("head == self._unreadable_head", "self._stale_since"),
        (f"{_MANAGER}publication_right_after_damage_is_read_at_once",),
    ),
    Mutant(
        "worker.manager:ConfigManager._first",
        "a process without a config waits for the repair",
        Swap("_FIRST_TRIES_MAX", "0"),
        (f"{_DAMAGE}overwritten_record_fails_no_request",),
    ),
    Mutant(
        "worker.binding:nothing_yet",
        "a process that waits for the first config knows that it does",
        Always("version"),
        (f"{_MANAGER}get_before_the_first_publication_is_an_error",),
    ),
    Mutant(
        "falcon:SnapshotMiddleware.process_request",
        "who needs no config is answered without one",
        Always("_needs_config"),
        (f"{_NO_CONFIG_YET}start_with_a_bad_config_is_up_and_not_ready",),
    ),
    Mutant(
        "publishing.publisher:Publisher._changed_at",
        "what was there at the start is no change",
        Always("_CLOCK_STEP_SECONDS"),
        (f"{_PUBLISHER}age_of_the_source_is_no_delay",),
    ),
    Mutant(
        "publishing.publisher:Publisher.refresh",
        "what is missing is read anew when it is back",
        Drop("_seen_digest", nth=1),
        (f"{_PUBLISHER}rejection_goes_with_its_file",),
    ),
    Mutant(
        "reading.manifest:_documents",
        "the end of lines counts what is before a document",
        Without("before"),
        (f"{_CLI_MANIFESTS}place_in_any_document_is_the_one_of_the_file",),
    ),
    Mutant(
        "reading.manifest:_document",
        "a ConfigMap that cannot be read is not skipped",
        Value("is_ours", "False"),
        (f"{_CLI_MANIFESTS}config_map_that_cannot_be_read_is_told",),
    ),
    Mutant(
        "command.checker:Checker.shown",
        "what a Secret says is masked",
        Drop("_veiled"),
        (f"{_CLI_MANIFESTS}text_of_a_secret_is_masked_by_show",),
    ),
    Mutant(
        "command.checker:Checker._of_object",
        "what Kubernetes refuses is not ok",
        Never("errors"),
        (f"{_CLI_MANIFESTS}binary_data_may_be_spread_over_lines",),
    ),
    Mutant(
        "command.cli:check",
        "a check of nothing is not good",
        Swap("is_good and is_any", "is_good"),
        (f"{_CLI_MANIFESTS}what_holds_no_config_is_never_ok",),
    ),
    Mutant(
        "trial.course:step",
        "equal content is not published again",
        Never("digest live_digest"),
        (f"{_PUBLISHER}successor_goes_on_from_the_record",),
    ),
    Mutant(
        "publishing.releases:Releases.resume",
        "a damaged record is not gone on from",
        Never("is_whole"),
        (f"{_PUBLISHER}head_that_fell_to_a_whole_version_is_not_gone_on_from",),
    ),
    Mutant(
        "publishing.publisher:Publisher.refresh",
        "what was overwritten is published again",
        Drop("_mend"),
        (f"{_SUPERVISOR}overwritten_record_is_published_again",),
    ),
    Mutant(
        "publishing.publisher:Publisher.refresh",
        "the status is written at every look",
        Drop("Checked"),
        (f"{_SUPERVISOR}publisher_without_a_pulse_is_replaced",),
    ),
    Mutant(
        "publishing.publisher:Publisher.__init__",
        "versions never fall behind the status",
        Drop("max"),
        (f"{_PUBLISHER}record_that_fell_behind_the_status_is_left_behind",),
    ),
    Mutant(
        "publishing.releases:Releases.resume",
        "versions never fall behind what the master has seen",
        Drop("skip config"),
        (f"{_SUPERVISOR}record_overwritten_without_a_publisher_goes_on",),
    ),
    Mutant(
        "master.supervisor:Supervisor._new_child",
        "the master passes on which version there was",
        Argument("Child", 1, "0"),
        (f"{_SUPERVISOR}all_records_overwritten_without_a_publisher_go_on",),
    ),
    Mutant(
        "master.supervisor:Supervisor.newest_version",
        "what only a worker has seen counts",
        Only("_version"),
        (f"{_SUPERVISOR}version_that_only_a_worker_has_seen_is_passed_on",),
    ),
    Mutant(
        "publishing.process:main",
        "the publisher ends with its master",
        Drop("end_with_parent"),
        (f"{_SUPERVISOR}publisher_dies_with_its_master",),
    ),
    Mutant(
        "master.supervisor:Supervisor.check",
        "a publisher that died is started again",
        Never("_start_at monotonic"),
        (f"{_SUPERVISOR}killed_publisher_is_started_again",),
    ),
    Mutant(
        "master.supervisor:Supervisor._schedule",
        "one that dies young waits ever longer",
        Drop("_delay_seconds min"),
        (f"{_SUPERVISOR}publisher_that_dies_young_is_started_ever_more_slowly",),
    ),
    Mutant(
        "master.child:_spawn",
        "a terminal's Ctrl-C is for the master alone",
        Value("start_new_session", "False"),
        (f"{_FAULTS}ctrl_c_in_a_terminal_ends_all_in_order",),
    ),
    Mutant(
        "master.child:Child.trouble",
        "one that is stopped is replaced",
        Never("_STOPPED_SECONDS_MAX"),
        (f"{_SUPERVISOR}stopped_publisher_is_replaced",),
    ),
    Mutant(
        "master.child:Child.wait_ready",
        "one that hangs while it starts is waited for no longer",
        Value("trouble", "''"),
        (f"{_SUPERVISOR}publisher_that_hangs_while_it_starts_is_waited_for_no_longer",),
    ),
    Mutant(
        "publishing.keeper:Keeper.keep",
        "what was not kept on disk is kept later",
        Instead(
            "store", "self._kept = proven.payload; self._cache.store(proven.payload)"
        ),
        (f"{_PUBLISHER_START}config_that_was_not_kept_is_kept_as_soon_as_it_can_be",),
    ),
    Mutant(
        "master.hang:Vigil.trouble",
        "one without a pulse is replaced",
        Never("_begun_at"),
        (f"{_SUPERVISOR}publisher_without_a_pulse_is_replaced",),
    ),
    Mutant(
        "master.supervisor:Supervisor._look_after",
        "a damaged record is noticed",
        Always("_find_damage"),
        (f"{_DAMAGE}overwritten_record_fails_no_request",),
    ),
    Mutant(
        "master.supervisor:Supervisor._mend_headers",
        "the header is written again",
        Drop("mend_header"),
        (f"{_SUPERVISOR}overwritten_record_is_published_again",),
    ),
    Mutant(
        "gunicorn:post_worker_init",
        "a worker ends with its master",
        Drop("end_with_parent"),
        (f"{_MASTER_END}worker_ends_by_itself_where_nobody_is_left_to_end_it",),
    ),
    Mutant(
        "publishing.cache:Cache._checked",
        "a file proves itself",
        Never("sha256"),
        (f"{_CACHE}damaged_newest_falls_back_to_the_one_before",),
    ),
    Mutant(
        "publishing.cache:_set_aside",
        "the generation before is kept",
        Drop("_rename _BEFORE"),
        (f"{_CACHE}two_generations_are_kept_and_nothing_else",),
    ),
    Mutant(
        "publishing.cache:Cache.store",
        "a file that is not whole has another name",
        Value("unfinished", "_NEWEST"),
        (f"{_CACHE}stored_payload_is_loaded",),
    ),
    Mutant(
        "publishing.cache:_require_ours",
        "what others can write to is not used",
        Never("_OTHERS_CAN_WRITE"),
        (f"{_CACHE}directory_that_others_write_to_is_not_used",),
    ),
    Mutant(
        "publishing.cache:_require_ours",
        "what is another user's is not used",
        Never("st_uid"),
        (f"{_CACHE}directory_of_somebody_else_is_not_used",),
    ),
    Mutant(
        "publishing.cache:_READ",
        "no link is followed",
        Without("O_NOFOLLOW"),
        (f"{_CACHE}what_is_no_file_of_ours_is_named_and_not_waited_for",),
    ),
    Mutant(
        "publishing.cache:Cache._checked",
        "a config is its own source's",
        Never("_source"),
        (f"{_CACHE}two_services_do_not_share_a_cache",),
    ),
    Mutant(
        "publishing.publisher:Publisher._resume",
        "a successor keeps what was not kept",
        Instead(
            "Resumed",
            "self._keeper._kept = live.payload; "
            "self._note(events.Resumed(at, live.version, live.digest))",
        ),
        (f"{_PUBLISHER_START}successor_keeps_what_its_predecessor_did_not",),
    ),
    Mutant(
        "memory.worker_table:WorkerTable.take_back_all_but",
        "a row is cleared with its worker",
        Swap("OF_ONE_WORKER", "()"),
        (f"{_FORKS}dirty_workers_have_rows_that_their_own_parent_gives_out",),
    ),
    Mutant(
        "memory.worker_row:OF_ONE_WORKER",
        "counts stay with the row",
        Value("OF_ONE_WORKER", "range(PID, ROW_WORDS)"),
        (f"{_WORKER_TABLE}counts_outlive_their_worker",),
    ),
    Mutant(
        "memory.worker_row:WorkerRow.took",
        "what a worker starts with is no propagation",
        Always("is_awaited"),
        (f"{_WORKER_TABLE}propagation_falls_into_its_bucket",),
    ),
    Mutant(
        "processes.broadcast:Listener.__init__",
        "each arrival is told once",
        Without("EPOLLET"),
        (f"{_BROADCAST}every_listener_is_woken_once",),
    ),
    Mutant(
        "publishing.releases:Releases._end_offer",
        "workers are woken",
        Drop("send"),
        (f"{_PUBLISHER}workers_are_woken_by_each_publication",),
    ),
    Mutant(
        "publishing.publisher:Publisher._resume",
        "a successor wakes the workers",
        Drop("wake_workers"),
        (f"{_PUBLISHER}successor_tells_of_a_publication_that_was_its_publishers_last",),
    ),
    Mutant(
        "publishing.journal:Journal.mend",
        "a history that was overwritten is written again",
        Never("is_whole"),
        (f"{_PUBLISHER}history_that_was_overwritten_is_written_again",),
    ),
    Mutant(
        "worker.manager:ConfigManager.refresh",
        "who may wait for a decode does",
        Instead("_lock", "self._refresh()"),
        (f"{_MANAGER}refresh_waits_for_a_decode_under_way",),
    ),
    Mutant(
        "worker.manager:ConfigManager._take",
        "a late subscription is told what is held",
        Never("is_news"),
        (f"{_FOLLOWER}callback_is_told_each_version_once",),
    ),
    Mutant(
        "worker.manager:_renew_in_child",
        "callbacks begin anew in a child",
        Drop("renew"),
        (f"{_FOLLOWER}callbacks_begin_anew_in_a_child_that_follows",),
    ),
    Mutant(
        "worker.subscription:Caller._call",
        "an exit does not end the thread",
        Swap("BaseException", "Exception"),
        (f"{_FOLLOWER}callback_that_raises_is_counted_and_told_the_next",),
    ),
    Mutant(
        "worker.subscription:Caller.log_if_slow",
        "a callback that hangs is told",
        Never("_is_slow"),
        (f"{_FOLLOWER}callback_that_hangs_harms_nothing_else",),
    ),
    Mutant(
        "worker.follower:_follow",
        "a worker looks for what it was woken for",
        Drop("refresh_all"),
        (f"{_FOLLOWER}idle_processes_take_what_is_published",),
    ),
    Mutant(
        "master.arbiter:attach.look",
        "rows are taken back",
        Value("has_fewer", "False"),
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
    *TRIED,
    *ALONE,
    *WATCHED,
    *WORDS,
    Mutant(
        "operators.templates:_shown",
        "text is escaped",
        Swap("escape(value)", "value"),
        (f"{_TEMPLATES}text_is_escaped",),
    ),
    Mutant(
        "operators.templates:_named",
        "what hides or turns text is named",
        Swap("character.isprintable()", "character"),
        (f"{_TEMPLATES}what_is_not_seen_is_named",),
    ),
    Mutant(
        "operators.templates:_ENVIRONMENT",
        "a template that names what is not there fails",
        Swap("StrictUndefined", "StrictUndefined.__base__"),
        (f"{_TEMPLATES}missing_value_is_not_passed_over",),
    ),
    Mutant(
        "operators.page:HEADERS",
        "no inline script is allowed",
        Text("script-src 'self'", "script-src 'self' 'unsafe-inline'"),
        (f"{_PAGE}policy_allows_the_two_files_and_no_more",),
    ),
)
