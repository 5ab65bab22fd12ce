"""
The safeguards of what is watched, each as a change of the code that takes it away.

Owns: the rows for inotify, the chain of links and what stands in for events.
Must not know: how a mutant is run.
Runs in: `python -m tests.mutation.run`, and the test that the table fits the code.
"""

from __future__ import annotations

from tests.mutation.mutant import Mutant

_WATCHER_CHAIN = "tests/process/test_watcher_chain.py::test_"
_WATCHER_ELSEWHERE = "tests/process/test_watcher_elsewhere.py::test_"
_WATCHER_LIFECYCLE = "tests/process/test_watcher_lifecycle.py::test_"
_WATCHER_LOSS = "tests/process/test_watcher_loss.py::test_"
_WATCHER_SOURCES = "tests/process/test_watcher_sources.py::test_"

WATCHED = (
    Mutant(
        "watch/inotify",
        "an overflow is a loss",
        "if mask & pyinotify.IN_Q_OVERFLOW:",
        "if False:",
        (f"{_WATCHER_LOSS}overflow_loses_no_change",),
    ),
    Mutant(
        "watch/inotify",
        "a watch that was taken away is a loss",
        "if mask & (pyinotify.IN_IGNORED | pyinotify.IN_UNMOUNT):",
        "if False:",
        (f"{_WATCHER_LOSS}removed_watches_are_put_up_again",),
    ),
    Mutant(
        "watch/inotify",
        "a directory that goes away itself is noticed",
        "_SELF = pyinotify.IN_DELETE_SELF | pyinotify.IN_MOVE_SELF",
        "_SELF = 0",
        (f"{_WATCHER_CHAIN}parent_that_is_renamed_away_and_back_is_noticed",),
    ),
    Mutant(
        "watch/inotify",
        "the path is walked again after its watches are there",
        "if is_complete and wanted == before:",
        "if True:",
        (f"{_WATCHER_CHAIN}directory_made_right_before_its_watches_is_watched",),
    ),
    Mutant(
        "watch/inotify",
        "links are watched and not followed",
        "mask = pyinotify.IN_DONT_FOLLOW",
        "mask = 0",
        (f"{_WATCHER_CHAIN}link_in_the_place_of_a_directory_is_not_followed",),
    ),
    Mutant(
        "watch/inotify",
        "the new target of a link is watched",
        "return DiskChange.AT_ONCE | DiskChange.MOVED",
        "return DiskChange.AT_ONCE",
        (f"{_WATCHER_SOURCES}deletion_of_the_old_worktree_calls_nothing",),
    ),
    Mutant(
        "watch/inotify",
        "a file in the place of another is watched itself",
        "if is_alike and (name == DATA or self._watch_instead(there)):",
        "if is_alike:",
        (f"{_WATCHER_ELSEWHERE}file_in_the_place_of_another_is_watched_itself",),
    ),
    Mutant(
        "watch/inotify",
        "the instance is closed on exec",
        "os.set_inheritable(self.descriptor, False)",
        "os.set_inheritable(self.descriptor, True)",
        (
            f"{_WATCHER_LIFECYCLE}watcher_holds_one_inotify_descriptor_and_no_"
            "child_gets_it",
        ),
    ),
    Mutant(
        "watch/watcher",
        "what moved is watched again",
        "if changes & (DiskChange.LOST | DiskChange.MOVED):",
        "if changes & DiskChange.LOST:",
        (f"{_WATCHER_CHAIN}parent_that_is_renamed_away_and_back_is_noticed",),
    ),
    Mutant(
        "watch/watcher",
        "what was lost is watched again",
        "if changes & (DiskChange.LOST | DiskChange.MOVED):",
        "if changes & DiskChange.MOVED:",
        (f"{_WATCHER_LOSS}removed_watches_are_put_up_again",),
    ),
    Mutant(
        "watch/watcher",
        "a loss is followed by a call",
        "return bool(changes & (DiskChange.LOST | DiskChange.AT_ONCE))",
        "return bool(changes & DiskChange.AT_ONCE)",
        (f"{_WATCHER_LOSS}overflow_loses_no_change",),
    ),
    Mutant(
        "watch/watcher",
        "without events there is a call all the same",
        "elif time.monotonic() >= self._deadline():",
        "elif time.monotonic() >= self._settling.due:",
        (f"{_WATCHER_SOURCES}safety_poll_calls_without_any_event",),
    ),
    Mutant(
        "watch/watcher",
        "without inotify it polls once a second",
        "seconds = min(seconds, _POLLING_SECONDS)",
        "pass",
        (f"{_WATCHER_LOSS}action_that_finds_nothing_is_called_again",),
    ),
    Mutant(
        "watch/watcher",
        "inotify is tried again",
        "if self._inotify is None and now < self._retry_at:",
        "if self._inotify is None and self._retry_at:",
        (f"{_WATCHER_LOSS}without_descriptors_it_polls_until_there_are_some",),
    ),
    Mutant(
        "watch/watcher",
        "endless writing cannot put the call off",
        "self.due = min(now + quiet, self._began + self._longest)",
        "self.due = now + quiet",
        (f"{_WATCHER_SOURCES}endless_writing_is_read_all_the_same",),
    ),
    Mutant(
        "watch/watcher",
        "a write that is not closed is given more time",
        "quiet = self._unclosed_quiet if self._unclosed else self._quiet",
        "quiet = self._quiet",
        (f"{_WATCHER_SOURCES}unclosed_write_is_given_more_time",),
    ),
    Mutant(
        "watch/chain",
        "every link on the way is watched",
        "        _add(watches, here, Watch(_ENTRY, frozenset({name})))\n"
        "        links += 1\n",
        "        links += 1\n",
        (f"{_WATCHER_CHAIN}chain_of_links_is_watched_at_every_link",),
    ),
    Mutant(
        "watch/chain",
        "a file is watched by whatever name it is written",
        "            if stat.S_ISREG(mode) and not ahead:\n",
        "            if False:\n",
        (f"{_WATCHER_ELSEWHERE}write_by_another_name_is_seen",),
    ),
    Mutant(
        "watch/chain",
        "links in a directory are followed",
        "_follow(directory, [entry.name], watches)",
        "pass",
        (f"{_WATCHER_ELSEWHERE}links_into_several_volumes_are_followed",),
    ),
    Mutant(
        "watch/chain",
        "a mounted file in a directory is watched itself",
        "return entry.path in mounted or entry.stat().st_nlink > 1",
        "return entry.stat().st_nlink > 1",
        (f"{_WATCHER_ELSEWHERE}files_of_a_directory_that_have_other_names_are_seen",),
    ),
    Mutant(
        "watch/watcher",
        "a filesystem without events is polled once a second",
        "if blind is None:",
        "if True:",
        (f"{_WATCHER_ELSEWHERE}filesystem_without_events_is_polled_and_told",),
    ),
    Mutant(
        "watch/watcher",
        "an error of the action does not end the watcher's thread",
        "if self._runner is None or self._runner is not self._thread:",
        "if True:",
        (
            f"{_WATCHER_LIFECYCLE}error_of_the_action_in_the_thread_is_logged_"
            "and_it_goes_on",
        ),
    ),
    Mutant(
        "watch/chain",
        "a name that is missing is awaited",
        "notice = _ENTRY if mode else Notice.COMING",
        "notice = _ENTRY if mode else Notice.NOTHING",
        (f"{_WATCHER_CHAIN}missing_directories_are_awaited",),
    ),
)
