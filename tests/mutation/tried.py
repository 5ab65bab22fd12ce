"""
The safeguards of a trial: what hurts does not last, and does not come back.

Owns: these rows of the table.
Must not know: how a mutant is run.
Runs in: `python -m tests.mutation.run`, and the test that the table fits the code.
"""

from __future__ import annotations

from tests.mutation.mutant import Mutant
from tests.mutation.operations import Always, Drop, Never, Only, Swap, Value, Without

_STATE = "tests/unit/test_state.py::test_"
_TRIALS = "tests/unit/test_trials.py::test_"
_LOOKS = "tests/unit/test_trial_looks.py::test_"
_IN_A_TRIAL = (f"{_TRIALS}restart_in_a_trial_does_not_serve_it_again",)
_ITS_OWN = (f"{_TRIALS}trial_of_a_living_service_is_its_own",)

TRIED = (
    Mutant(
        "trial.course:step",
        "what was condemned is not served again",
        Never("condemned_as"),
        (f"{_TRIALS}same_content_is_not_tried_again",),
    ),
    Mutant(
        "trial.course:verdict_on_interrupted",
        "a service that ended without a word ended of what was on trial",
        Never("is_sudden"),
        _IN_A_TRIAL,
    ),
    Mutant(
        "trial.course:verdict_on_interrupted",
        "a trial is not interrupted for ever",
        Never("interruptions"),
        (f"{_TRIALS}restart_in_order_tries_again_twice",),
    ),
    Mutant(
        "publishing.trials:Trials.next_look",
        "a trial is looked at often at first",
        Never("trial _looked _EARLY_SECONDS"),
        (f"{_LOOKS}few_requests_fail_where_many_are_asked",),
    ),
    Mutant(
        "publishing.trials:Trials.next_look",
        "a trial is looked at seldom later",
        Without("_looked _EARLY_SECONDS"),
        (f"{_LOOKS}trial_is_looked_at_seldom_later",),
    ),
    Mutant(
        "publishing.trials:Trials.resume",
        "a successor completes a way back",
        Never("condemned proven"),
        (f"{_TRIALS}successor_completes_a_way_back",),
    ),
    Mutant(
        "publishing.trials:Trials.resume",
        "a successor tries what its publisher has just published",
        Drop("self begin", nth=1),
        (f"{_TRIALS}successor_begins_a_trial_that_was_not_noted",),
    ),
    Mutant(
        "publishing.trials:Trials._condemn",
        "a restart knows what was condemned",
        Drop("_store_condemned"),
        (f"{_TRIALS}restart_after_a_trial_does_not_serve_it_again",),
    ),
    Mutant(
        "publishing.trials:Trials.resume",
        "a restart knows what was condemned by a publisher that died of it",
        Drop("_store_condemned"),
        (f"{_TRIALS}restart_knows_what_a_publisher_condemned_that_died_of_it",),
    ),
    Mutant(
        "publishing.note:Note.write",
        "the end of one master leaves the note of another",
        Never("is_held _is_of_another"),
        _ITS_OWN,
    ),
    Mutant(
        "master.arbiter:_note_ends_of_itself",
        "a service whose workers do not boot does not end in order",
        Never("exit_status"),
        (
            "tests/service/test_trial.py::test_service_that_ends_as_no_worker_boots_"
            "does_not_start_with_it_again",
        ),
    ),
    Mutant(
        "publishing.trials:Trials._store_condemned",
        "what cannot be noted is logged",
        Drop("note"),
        (f"{_TRIALS}what_cannot_be_noted_is_logged",),
    ),
    Mutant(
        "settings:Settings.for_workers",
        "a trial is longer than a worker may hang",
        Always("trial_seconds"),
        ("tests/unit/test_settings.py::test_trial_lasts_longer_than_workers_may_hang",),
    ),
    Mutant(
        "publishing.trials:Trials._begin",
        "a restart knows what was on trial",
        Drop("_notes begin"),
        _IN_A_TRIAL,
    ),
    Mutant(
        "publishing.trials:Trials._before",
        "all in one trial are held against the proven one",
        Never("trial"),
        (f"{_TRIALS}several_versions_in_one_trial_go_back_to_the_proven_one",),
    ),
    Mutant(
        "publishing.trials:Trials.renew",
        "what failed with other code excuses nothing",
        Drop("_count_anew"),
        (f"{_TRIALS}reload_measures_the_proven_config_anew",),
    ),
    Mutant(
        "publishing.trials:Trials._renew_if_due",
        "a reload waits for the workers of before",
        Never("living _leaving"),
        (f"{_TRIALS}reload_waits_for_the_workers_of_before",),
    ),
    Mutant(
        "publishing.trials:Trials._renew_if_due",
        "a reload does not wait for ever",
        Without("now _leave_deadline"),
        (f"{_TRIALS}reload_does_not_wait_for_ever",),
    ),
    Mutant(
        "publishing.trials:Trials._renew_if_due",
        "a trial begins anew with other code",
        Drop("_begin"),
        (f"{_TRIALS}reload_begins_a_trial_anew",),
    ),
    Mutant(
        "publishing.releases:Releases.prove",
        "what is proven has a record of its own",
        Drop("mend_proven"),
        (f"{_TRIALS}successor_begins_a_trial_that_was_not_noted",),
    ),
    Mutant(
        "publishing.publisher:Publisher._mend",
        "what is proven is written again where it was overwritten",
        Drop("mend_proven"),
        (f"{_TRIALS}proven_config_that_was_overwritten_is_written_again",),
    ),
    Mutant(
        "publishing.keeper:Keeper.keep",
        "only what is proven is kept",
        Value("proven", "self._releases.live"),
        (f"{_TRIALS}only_a_proven_config_is_kept",),
    ),
    Mutant(
        "publishing.note:Note.remove",
        "what another process has noted stays",
        Swap("not self._is_of_another()", "True"),
        _ITS_OWN,
    ),
    Mutant(
        "publishing.note:Note.is_held_by_another",
        "a writer that is alive is seen to be",
        Swap("True", "False"),
        _ITS_OWN,
    ),
    Mutant(
        "publishing.state:_(Passed)",
        "what was proven before has no trial that ends again",
        Never("is_tried"),
        (f"{_STATE}nothing_else_is_entered",),
    ),
    Mutant(
        "operators.status:status_document",
        "what is live for want of another is shown whatever the source holds",
        Only("withdrawn"),
        (f"{_TRIALS}condemned_config_that_is_live_is_shown_whatever_the_source_holds",),
    ),
    Mutant(
        "operators.page:render",
        "the headline of the page stays while the seconds of a trial go by",
        Swap("False", "True"),
        ("tests/unit/test_page.py::test_trial_is_shown_with_its_counts",),
    ),
)
