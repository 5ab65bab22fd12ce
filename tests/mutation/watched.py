"""
The safeguards of what is watched, each as a change of the code that takes it away.

Owns: the rows for inotify, the chain of links and what stands in for events.
Must not know: how a mutant is run.
Runs in: `python -m tests.mutation.run`, and the test that the table fits the code.
"""

from __future__ import annotations

from tests.mutation.mutant import Mutant
from tests.mutation.operations import (
    Always,
    Argument,
    Drop,
    Never,
    Only,
    Swap,
    Value,
    Without,
)

_TRIAL_WATCHER = "tests/process/test_trial_watcher.py::test_"
_WATCHER_CHAIN = "tests/process/test_watcher_chain.py::test_"
_WATCHER_ELSEWHERE = "tests/process/test_watcher_elsewhere.py::test_"
_WATCHER_LIFECYCLE = "tests/process/test_watcher_lifecycle.py::test_"
_WATCHER_LOSS = "tests/process/test_watcher_loss.py::test_"
_WATCHER_SOURCES = "tests/process/test_watcher_sources.py::test_"

WATCHED = (
    Mutant(
        "watch.inotify:Inotify._change",
        "an overflow is a loss",
        Never("IN_Q_OVERFLOW"),
        (f"{_WATCHER_LOSS}overflow_loses_no_change",),
    ),
    Mutant(
        "watch.inotify:Inotify._change",
        "a watch that was taken away is a loss",
        Never("IN_UNMOUNT"),
        (f"{_WATCHER_LOSS}removed_watches_are_put_up_again",),
    ),
    Mutant(
        "watch.inotify:_SELF",
        "a directory that goes away itself is noticed",
        Value("_SELF", "0"),
        (f"{_WATCHER_CHAIN}parent_that_is_renamed_away_and_back_is_noticed",),
    ),
    Mutant(
        "watch.inotify:Inotify.arm",
        "the path is walked again after its watches are there",
        Always("wanted"),
        (f"{_WATCHER_CHAIN}directory_made_right_before_its_watches_is_watched",),
    ),
    Mutant(
        "watch.inotify:Inotify._add",
        "links are watched and not followed",
        Swap("pyinotify.IN_DONT_FOLLOW", "0"),
        (f"{_WATCHER_CHAIN}link_in_the_place_of_a_directory_is_not_followed",),
    ),
    Mutant(
        "watch.inotify:Inotify._change_of_name",
        "the new target of a link is watched",
        Swap("DiskChange.AT_ONCE | DiskChange.MOVED", "DiskChange.AT_ONCE"),
        (f"{_WATCHER_SOURCES}new_target_of_a_link_is_watched",),
    ),
    Mutant(
        "watch.inotify:Inotify._change_of_name",
        "a file in the place of another is watched itself",
        Without("DATA _watch_instead"),
        (f"{_WATCHER_ELSEWHERE}file_in_the_place_of_another_is_watched_itself",),
    ),
    Mutant(
        "watch.inotify:Inotify.__init__",
        "the instance is closed on exec",
        Argument("set_inheritable", 1, "True"),
        (
            f"{_WATCHER_LIFECYCLE}watcher_holds_one_inotify_descriptor_and_no_"
            "child_gets_it",
        ),
    ),
    Mutant(
        "watch.watcher:FileWatcher._take_changes",
        "what moved is watched again",
        Without("MOVED"),
        (f"{_WATCHER_CHAIN}parent_that_is_renamed_away_and_back_is_noticed",),
    ),
    Mutant(
        "watch.watcher:FileWatcher._take_changes",
        "what was lost is watched again",
        Only("MOVED"),
        (f"{_WATCHER_LOSS}removed_watches_are_put_up_again",),
    ),
    Mutant(
        "watch.watcher:FileWatcher._take_changes",
        "a loss is followed by a call",
        Only("AT_ONCE"),
        (f"{_WATCHER_LOSS}overflow_loses_no_change",),
    ),
    Mutant(
        "watch.watcher:FileWatcher._run",
        "without events there is a call all the same",
        Swap("self._deadline()", "self._settling.due", nth=2),
        (f"{_WATCHER_SOURCES}safety_poll_calls_without_any_event",),
    ),
    Mutant(
        "watch.watcher:FileWatcher.act",
        "whoever wakes the watcher has it look after a trial",
        Never("due"),
        (f"{_TRIAL_WATCHER}whoever_wakes_it_has_it_look_at_once",),
    ),
    Mutant(
        "watch.watcher:FileWatcher._deadline",
        "without inotify it polls once a second",
        Drop("_POLLING_SECONDS"),
        (f"{_WATCHER_LOSS}action_that_finds_nothing_is_called_again",),
    ),
    Mutant(
        "watch.watcher:FileWatcher._arm",
        "inotify is tried again",
        Swap("now < self._retry_at", "self._retry_at"),
        (f"{_WATCHER_LOSS}without_descriptors_it_polls_until_there_are_some",),
    ),
    Mutant(
        "watch.watcher:_Settling.note",
        "endless writing cannot put the call off",
        Value("due", "now + quiet", nth=1),
        (f"{_WATCHER_SOURCES}endless_writing_is_read_all_the_same",),
    ),
    Mutant(
        "watch.watcher:_Settling.note",
        "a write that is not closed is given more time",
        Never("_unclosed"),
        (f"{_WATCHER_SOURCES}unclosed_write_is_given_more_time",),
    ),
    Mutant(
        "watch.chain:_follow",
        "every link on the way is watched",
        Drop("_add _ENTRY"),
        (f"{_WATCHER_CHAIN}chain_of_links_is_watched_at_every_link",),
    ),
    Mutant(
        "watch.chain:_follow",
        "a file is watched by whatever name it is written",
        Never("S_ISREG"),
        (f"{_WATCHER_ELSEWHERE}write_by_another_name_is_seen",),
    ),
    Mutant(
        "watch.chain:_add_entries",
        "links in a directory are followed",
        Drop("_follow"),
        (f"{_WATCHER_ELSEWHERE}links_into_several_volumes_are_followed",),
    ),
    Mutant(
        "watch.chain:_has_other_names",
        "a mounted file in a directory is watched itself",
        Without("path"),
        (f"{_WATCHER_ELSEWHERE}files_of_a_directory_that_have_other_names_are_seen",),
    ),
    Mutant(
        "watch.watcher:FileWatcher._arm",
        "a filesystem without events is polled once a second",
        Always("blind"),
        (f"{_WATCHER_ELSEWHERE}filesystem_without_events_is_polled_and_told",),
    ),
    Mutant(
        "watch.watcher:FileWatcher._call",
        "an error of the action does not end the watcher's thread",
        Always("_thread"),
        (
            f"{_WATCHER_LIFECYCLE}error_of_the_action_in_the_thread_is_logged_"
            "and_it_goes_on",
        ),
    ),
    Mutant(
        "watch.chain:_follow",
        "a name that is missing is awaited",
        Swap("Notice.COMING", "Notice.NOTHING"),
        (f"{_WATCHER_CHAIN}missing_directories_are_awaited",),
    ),
)
