"""
The safeguards of a config that one worker tries: it alone has it, and comes back.

Owns: these rows of the table.
Must not know: how a mutant is run.
Runs in: `python -m tests.mutation.run`, and the test that the table fits the code.
"""

from __future__ import annotations

from tests.mutation.mutant import Mutant
from tests.mutation.operations import Always, Argument, Drop, Never, Only, Swap, Value

_RECORD = "tests/unit/test_record.py::test_"
_WORKERS = "tests/unit/test_candidate.py::test_"
_PUBLISHER = "tests/unit/test_canary.py::test_"
_SERVICE = "tests/service/test_one_before_others.py::test_"

ALONE = (
    Mutant(
        "memory.record:Writer.publish",
        "the newest stays whole where versions are left out",
        Drop("SLOTS"),
        (f"{_RECORD}version_above_another_leaves_the_newest_whole",),
    ),
    Mutant(
        "memory.candidate:CandidateWriter.end",
        "what is tried next has one number for all",
        Never("SLOTS"),
        (f"{_WORKERS}next_candidate_replaces_the_one_before",),
    ),
    Mutant(
        "memory.shared:SharedMemory.record_for",
        "who has taken it stays with it",
        Only("_is_addressed"),
        (f"{_WORKERS}who_has_taken_it_keeps_it_when_another_is_addressed",),
    ),
    Mutant(
        "memory.shared:SharedMemory._is_addressed",
        "nobody else takes it",
        Swap("self.candidate.addressee == os.getpid()", "True"),
        (f"{_WORKERS}worker_that_is_not_addressed_keeps_what_it_has",),
    ),
    Mutant(
        "memory.shared:SharedMemory._is_addressed",
        "only a worker takes it",
        Only("addressee getpid"),
        (f"{_WORKERS}process_without_a_row_takes_no_candidate",),
    ),
    Mutant(
        "worker.manager:ConfigManager._take",
        "a request of who tries it pays no more than any",
        Drop("_head word", nth=2),
        (f"{_WORKERS}worker_that_tries_it_compares_one_word_as_all_do",),
    ),
    Mutant(
        "publishing.releases:Releases.publish",
        "what follows is newer than what one has tried",
        Argument("publish", 1, "0"),
        (f"{_PUBLISHER}what_fails_in_the_one_is_taken_back",),
    ),
    Mutant(
        "publishing.releases:Releases.publish",
        "who has tried it finds out that it is taken back",
        Drop("_end_offer"),
        (f"{_PUBLISHER}what_fails_in_the_one_is_taken_back",),
    ),
    Mutant(
        "publishing.releases:Releases.resume",
        "a successor makes the offer that its publisher did not",
        Drop("offer_again"),
        (f"{_PUBLISHER}offer_that_was_not_made_is_made_by_the_successor",),
    ),
    Mutant(
        "publishing.releases:Releases.resume",
        "a successor ends the offer that its publisher did not",
        Drop("end version"),
        (f"{_PUBLISHER}successor_completes_what_was_decided",),
    ),
    Mutant(
        "memory.status:PublisherStatus.version_of_all",
        "what one has tried and is condemned is not what all have",
        Only("is_tried_by_one"),
        (f"{_PUBLISHER}successor_completes_what_was_decided",),
    ),
    Mutant(
        "publishing.publisher:Publisher._mend",
        "the record is whole though it is of no use",
        Drop("mend_offer"),
        (f"{_PUBLISHER}damage_without_a_trial_is_mended",),
    ),
    Mutant(
        "publishing.releases:Releases.is_overwritten",
        "an offer that was overwritten is made again",
        Swap("candidate.record.offers(self.live.version)", "True"),
        (f"{_PUBLISHER}damage_is_mended",),
    ),
    Mutant(
        "trial.canary:step",
        "who dies of it has one other after it, with all of the time",
        Never("deaths trial"),
        (f"{_PUBLISHER}worker_that_died_is_replaced_once",),
    ),
    Mutant(
        "trial.canary:step",
        "the time begins when the worker has it",
        Never("row version trial"),
        (f"{_PUBLISHER}time_begins_when_the_worker_has_it",),
    ),
    Mutant(
        "trial.canary:step",
        "who does not take it is replaced",
        Never("now deadline"),
        (f"{_PUBLISHER}worker_that_does_not_take_it_is_replaced_once",),
    ),
    Mutant(
        "publishing.trials:Trials._reason",
        "a worker that broke down is enough",
        Never("is_clear"),
        (f"{_PUBLISHER}worker_that_broke_down_is_enough",),
    ),
    Mutant(
        "publishing.trials:Trials._reason",
        "a worker that was killed is not enough",
        Always("is_clear"),
        (f"{_PUBLISHER}worker_that_died_is_replaced_once",),
    ),
    Mutant(
        "publishing.trials:Trials.put_out",
        "only where all have what is proven may one try something else",
        Only("_mode"),
        (f"{_PUBLISHER}first_config_of_all_is_for_all",),
    ),
    Mutant(
        "master.deaths:Deaths._count",
        "a worker that somebody killed did not break down",
        Value("is_breakdown", "True", nth=1),
        (f"{_SERVICE}killed_worker_is_replaced",),
    ),
    Mutant(
        "master.supervisor:Supervisor._find_damage",
        "what one worker has on trial is no damage of what all have",
        Value("is_tried", "False"),
        (f"{_SERVICE}good_config_goes_to_all",),
    ),
)
