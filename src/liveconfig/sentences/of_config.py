"""
What the publisher logs of the source and the config.

Owns: the sentences, their levels, and what to do about each.
Must not know: when they are logged.
Runs in: the publisher, which alone logs these; the CLI says some of them as well.
"""

from __future__ import annotations

from logging import CRITICAL, ERROR, INFO, WARNING

from liveconfig.sentences.sentence import Sentence

_STATUS = "kubectl exec POD -- liveconfig status"
_CHECK = "liveconfig check kube/configmap.yaml"
_APPLY = "kubectl apply -f kube/configmap.yaml"
_EVENTS = "kubectl describe pod POD"
_MOUNT = "kubectl exec POD -- ls -la /etc/config"
_RELOAD = "kubectl exec POD -- kill -HUP 1"
_RESTART = "kubectl rollout restart deployment/liveconfig"
_LOGS = "kubectl logs POD --timestamps"

_TAKE_BACK = (
    "Put the text of before back (`git revert`, then apply it as you did the change): "
    "it is served as a new version as soon as the pod has it."
)

REJECTED = Sentence(
    ERROR,
    "rejected, version %d stays: %s",
    "The new text of the source is wrong. Nothing was touched: all workers serve the "
    "version before.",
    "Mend the file, line and key that it names, and check it before you apply it.",
    (_CHECK, _APPLY, _STATUS),
    _TAKE_BACK,
)
GIVEN_UP = Sentence(
    ERROR,
    "%d publishers have died over this content, or were killed because they hung, so "
    "it is not tried again until it changes: make it smaller, or look into the "
    "schema's own code, and reload",
    "Reading this text ended one publisher after another, mostly because memory ran "
    "out. The workers serve the version before.",
    "Make the source smaller, raise the memory limit, or mend the schema's own code. A "
    "reload tries it again, and so does any change of it.",
    (_STATUS, _RELOAD),
    _TAKE_BACK,
    example="rejected, version N stays: …: 3 publishers have died over this content, …",
)
_STEPS = (
    "Where the change is meant, make it in several steps, each within the limit, or "
    "raise the limit that the line names and restart the pod."
)
_AGAINST = "liveconfig check kube/configmap.yaml --against http://127.0.0.1:9090"

GROWN = Sentence(
    ERROR,
    "the config has %d %s, %s has %d, and %s times as many through: look at "
    "this key first, it has grown the most; make the config smaller, change it in "
    "several steps, or raise that limit",
    "The new text is valid, but much larger than what was live, as when something was "
    "generated twice. Nothing was touched.",
    f"Look at the key that it names. {_STEPS}",
    (_AGAINST, _STATUS),
    _TAKE_BACK,
    example="rejected, version N stays: …: the config has N bytes, version N has N, …",
)
REMOVED = Sentence(
    ERROR,
    "%d of the %d keys and list items of %s are gone, and %s %% through: look "
    "here first, where the most are missing; put them back, remove them in several "
    "steps, or raise that limit",
    "The new text is valid, but much of what was live is not in it, as when a file was "
    "cut off. Nothing was touched.",
    f"Put back what is missing at the key that it names. {_STEPS}",
    (_AGAINST, _STATUS),
    _TAKE_BACK,
    example="rejected, version N stays: …: N of the N keys and list items of version N "
    "are gone, …",
)
BLANKED = Sentence(
    ERROR,
    "this is blank and was not in %s, and the class has no default for it (such keys: "
    "%d, %s through): write a value, or raise that limit",
    "A key that the code requires is there and holds nothing: an empty text, list or "
    "mapping, or null, as when a template had no value for it. Nothing was touched.",
    "Write a value for the key that it names. Where it may be blank, give it a default "
    "in the class, or raise the limit that the line names, and restart the pod.",
    (_AGAINST, _STATUS),
    _TAKE_BACK,
    example="rejected, version N stays: …: this is blank and was not in version N, …",
)
REJECTED_AT_FIRST = Sentence(
    ERROR,
    "rejected, there is still no config: %s",
    "The service waits for its first config, and what came is wrong too.",
    "Mend the file, line and key that it names: the config is served as soon as it is "
    "good.",
    (_CHECK, _APPLY),
    _TAKE_BACK,
)
MISSING = Sentence(
    ERROR,
    "missing, version %d stays: %s",
    "The source is gone or cannot be read. All workers serve the last good version.",
    "Put the file back, or make it readable: it is picked up without a restart.",
    (_MOUNT, _EVENTS),
    "Make the ConfigMap or Secret again, or take back the change of the mount.",
)
MISSING_AT_FIRST = Sentence(
    ERROR,
    "missing, there is still no config: %s",
    "The service waits for its first config, and there is still no source.",
    "Put the file there: the config is served as soon as it is good.",
    (_MOUNT, _EVENTS),
    "Make the ConfigMap or Secret again, or take back the change of the mount.",
)
WAITS = Sentence(
    ERROR,
    "no config yet, this service waits for one: %s",
    "There is no good source, no cached config and no defaults. Every request that "
    "needs a config is answered 503, and the pod is not ready.",
    "Mend what it names: the config is served as soon as it is good.",
    (_STATUS, _CHECK, _EVENTS),
    _TAKE_BACK,
)
FELL_BACK = Sentence(
    ERROR,
    "version %d is live from the %s, %s, because the source is no good: %s",
    "There was no good source at the start. What is served is the last good config "
    "from `LIVECONFIG_CACHE_DIR`, or the schema's defaults.",
    "Mend what it names: the config is served as soon as it is good.",
    (_STATUS, _CHECK),
    _TAKE_BACK,
)
TAKEN_BACK = Sentence(
    ERROR,
    "version %d is taken back, %s: %s",
    "The config is valid, but the code fails on it. Requests are served again with the "
    "last config that passed its trial, so nothing is urgent; but the source still "
    "holds this one, and a new pod would serve it.",
    "Put the text of before back in the source. The errors of your application in the "
    "lines before say what to mend in the config, or in the code.",
    (_STATUS, _LOGS, _APPLY),
    _TAKE_BACK,
    example="version N is taken back, sha256:…: 24 of 24 requests failed, 0 of 900 …",
)
SERVES_CONDEMNED = Sentence(
    ERROR,
    "version %d should be taken back, but there is no proven config to go back to, so "
    "it is served and this pod is not ready; %s: %s",
    "The config is valid, but the code fails on it, and no other one has passed its "
    "trial here: requests go on to fail, and `/readyz` answers 503, so that a roll-out "
    "stops at this pod.",
    "Put a config in place that works: it is served as soon as it is there. Where the "
    "cause was another one, as a database that was away, reload gunicorn: then it is "
    "tried again.",
    (_STATUS, _LOGS, _APPLY),
    _TAKE_BACK,
    example="version 1 should be taken back, but there is no proven config to …",
)
NOT_TRIED_AGAIN = Sentence(
    WARNING,
    "the source holds what was taken back and is not tried again until it changes or "
    "gunicorn is reloaded, %s: %s",
    "The content was on trial before, perhaps laid out otherwise, and the code failed "
    "on it. What is live stays.",
    "Put the text of before back in the source. Once the code is mended, or what else "
    "was the cause, reload gunicorn (HUP): then it is tried again, and requests fail "
    "again if nothing was mended.",
    (_STATUS, _APPLY),
    _TAKE_BACK,
    example="the source holds what was taken back and is not tried again until it …",
)
UNKNOWN_KEYS = Sentence(
    WARNING,
    "%s: the schema does not know %s; check the spelling",
    "The config is served without these keys, which have no effect.",
    "Mend the spelling, or remove the key: `liveconfig check` names its line, and "
    "fails on it with `--strict`. The key's text is shown only where the schema has "
    "no secret.",
    (f"{_CHECK} --strict",),
    _TAKE_BACK,
)
ODD_VALUE = Sentence(
    WARNING,
    "%s",
    "A value is served that hardly is what its author means: YAML 1.1 takes a number "
    "that begins with 0 for octal, and `22:22` for one to the base 60; or a text has a "
    "blank at an end that nobody sees.",
    "Write the value as the line says.",
    (_CHECK,),
    _TAKE_BACK,
    example="config.yaml:1:13: limits.a: read as 64 (octal): write 100…",
)
NEEDS_RESTART = Sentence(
    WARNING,
    "version %d: %s takes effect in workers that start from now on; reload gunicorn "
    "or restart the pod",
    "A key has changed that a running worker cannot apply. All others are in effect.",
    "Reload or restart when it suits you; `liveconfig status` names the workers that "
    "started before.",
    (_STATUS, _RELOAD, _RESTART),
    _TAKE_BACK,
)
UNREADABLE = Sentence(
    WARNING,
    "the last publication cannot be read any more: %s",
    "What the publisher before published is damaged, or made by another schema. The "
    "source is read anew and published; workers keep their config until then.",
    "After a reload with another schema: nothing. Otherwise look for what writes into "
    "the memory of the pod.",
    (_STATUS,),
)
PUBLISHED_AGAIN = Sentence(
    CRITICAL,
    "the record was overwritten by something else: what was live is published again, "
    "as version %d",
    "Something wrote into the shared memory. The workers kept their config and have "
    "the new version, which is the same config.",
    "Nothing at once. If it happens again look for native code in the service that "
    "writes where it must not.",
    (_STATUS, _LOGS),
)
POLLING = Sentence(
    WARNING,
    "%s: the source is read once a second",
    "The kernel does not report changes of the source, for the reason at the begin of "
    "the line. Changes are served up to a second late.",
    "Without inotify raise `fs.inotify.max_user_instances` on the node. NFS, SMB, "
    "FUSE, 9p, virtiofs and Ceph report nothing: where a second is too long keep the "
    "file on a disk of the machine.",
    ("sysctl fs.inotify", "sysctl -w fs.inotify.max_user_instances=1024"),
)
CACHE_UNUSED = Sentence(
    WARNING,
    "%s",
    "There is no good source, and this file of `LIVECONFIG_CACHE_DIR` cannot be used "
    "in its place.",
    "Do what the line says, or remove the file. Mend the source first.",
    ("kubectl exec POD -- ls -la /var/cache/liveconfig/own",),
    example="/var/cache/liveconfig/own/last-good: damaged, …, so it is not used",
)
CACHE_UNFIT = Sentence(
    WARNING,
    "the cached config does not fit the schema: %s",
    "There is no good source, and what was kept on disk was made for another class.",
    "Mend the source.",
    (_STATUS, _CHECK),
    "Roll the image back to the one whose class the cached config fits: "
    "`kubectl rollout undo deployment/liveconfig`.",
)
NO_DEFAULTS = Sentence(
    ERROR,
    "there are no defaults to start from: %s",
    "`LIVECONFIG_ON_MISSING=defaults` is set, but a field of the schema has no "
    "default, so there is nothing to serve.",
    "Put the source there, or give each field of the class a default.",
    (_MOUNT,),
)
NOT_KEPT = Sentence(
    ERROR,
    "the last good config is not kept on disk: %s",
    "What is live is served; but a pod that starts later without a good source has "
    "nothing newer to start from.",
    "Make room on the disk, or give the service a directory of its own in "
    "`LIVECONFIG_CACHE_DIR` that nobody else can write to. It is tried again by "
    "itself.",
    ("kubectl exec POD -- df -h", _STATUS),
)
FILE_MOUNT = Sentence(
    WARNING,
    "%s is a mount of a single file: what is written into that file shows at once, a "
    "file that is put in its place never, and so never an update of a subPath mount: "
    "mount the directory instead",
    "Updates of a ConfigMap that is mounted with `subPath` never reach the pod.",
    "Mount the ConfigMap as a directory, without `subPath`, and set `LIVECONFIG_PATH` "
    "to a file in it.",
    ("kubectl get pod POD -o yaml | grep -B 3 subPath", _RESTART),
)
STAYS_ROOT = Sentence(
    WARNING,
    "the publisher stays root and imports the schema as root, because root alone can "
    "read %s: let the workers' user (%s) read it",
    "gunicorn is root and its workers are not, and the source is closed to them.",
    "Let the workers' user read the source, by its mode, or by `fsGroup` and "
    "`defaultMode` of the volume.",
    (_MOUNT,),
)
ENDS = Sentence(
    CRITICAL,
    "%s",
    "The publisher cannot do its work, and the line says why: a setting is wrong, the "
    "schema does not load, or there is nothing to serve. Workers that run serve on; at "
    "a start gunicorn ends with status 1.",
    "Do what the line says: it names the file, the variable or the class.",
    (_LOGS, _CHECK),
    "Roll the change of image or environment back: "
    "`kubectl rollout undo deployment/liveconfig`.",
    example="LIVECONFIG_POLL_SECONDS is '0': it takes …",
)
NOT_IMPORTED = Sentence(
    CRITICAL,
    "the publisher cannot be imported: %s: %s",
    "The new process did not get as far as its first own line.",
    "Mend the environment that it is imported in: gunicorn's Python, and what the "
    "service puts in front of it.",
    ("kubectl exec POD -- python -c 'import liveconfig.publishing.process'",),
    "`kubectl rollout undo deployment/liveconfig`",
)
MISTAKE = Sentence(
    CRITICAL,
    "a mistake in code ends the publisher: %s at %s:%d",
    "The schema's own code, or ours, raised what nobody expected. The workers serve "
    "on, and another publisher is started.",
    "Mend the place that it names; the traceback is on stderr.",
    (_LOGS,),
    "`kubectl rollout undo deployment/liveconfig`",
)

LIVE = Sentence(
    INFO,
    "version %d is live, %s%s, %s %s",
    "A new version is in the record, with its digest, the changed keys, and how long "
    "after the change of the source that was.",
)
ON_TRIAL = Sentence(
    INFO,
    "version %d is on trial for %d s",
    "If the code fails on the config within this time, it is taken back by itself.",
)
FOR_ONE = Sentence(
    INFO,
    "version %d is for one worker at first, %s%s, %s %s",
    "`LIVECONFIG_TRIAL` is `canary`: one worker tries the new version, and all others "
    "get it when it has passed.",
)
ON_TRIAL_IN_ONE = Sentence(
    INFO,
    "version %d is on trial for %d s in worker %d alone, all others keep version %d",
    "If the code fails on the config within this time, it is taken back by itself. "
    "Where that worker ends or does not take it, another one tries it.",
)
FOR_ALL = Sentence(
    INFO,
    "version %d is live for all workers, %s",
    "It was on trial in one worker, and has passed.",
)
PROVEN = Sentence(
    INFO,
    "version %d has passed its trial, %s: %s",
    "From now on this is the config that a later one is taken back to, and the one "
    "that is kept in `LIVECONFIG_CACHE_DIR`.",
)
WENT_BACK = Sentence(
    INFO,
    "version %d is live, %s: the config that passed its trial last",
    "The version before it was taken back, for the reason in the line before.",
)
TRIED_AGAIN = Sentence(
    INFO,
    "gunicorn was reloaded, so what was taken back may be tried again",
    "The code may be another one now. If the source still holds the content, it goes "
    "live and its trial begins.",
)
UNCHANGED = Sentence(
    INFO,
    "the source is good again, version %d stays",
    "After a rejection the source holds what is live once more.",
)
BACK = Sentence(INFO, "%s is back", "The source that was missing can be read again.")
RESUMED = Sentence(
    INFO,
    "version %d is live, %s; its publisher died before it logged so",
    "A publisher was killed right after its publication. Its successor has notified "
    "the workers and entered it into the history; only what changed is not known.",
)
KEPT_AGAIN = Sentence(
    INFO,
    "the last good config is kept on disk again",
    "What stood in the way is gone.",
)
SEEN_AT_ONCE = Sentence(
    INFO,
    "%s: changes are seen at once again",
    "The kernel reports changes of the source again.",
)
RUNS_AS_WORKERS = Sentence(
    INFO,
    "the publisher runs as the workers do: %s",
    "gunicorn is root, and the publisher has become the user of its workers.",
)
