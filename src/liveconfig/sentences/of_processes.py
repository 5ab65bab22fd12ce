"""
What the master and the workers log.

Owns: the sentences, their levels, and what to do about each.
Must not know: when they are logged.
Runs in: the gunicorn master, every worker, and wherever somebody uses `FileWatcher`
    alone.
"""

from __future__ import annotations

from dataclasses import replace
from logging import CRITICAL, ERROR, INFO, WARNING

from liveconfig.sentences.sentence import Sentence

_STATUS = "kubectl exec POD -- liveconfig status"
_LOGS = "kubectl logs POD --timestamps"
_PREVIOUS = "kubectl logs POD --previous"
_LIMITS = "kubectl exec POD -- cat /proc/1/limits"
_RELOAD = "kubectl exec POD -- kill -HUP 1"
_RESTART = "kubectl rollout restart deployment/liveconfig"
_ROLL_BACK = "`kubectl rollout undo deployment/liveconfig`"

START_FAILS = Sentence(
    CRITICAL,
    "%s",
    "gunicorn ends with status 1 before it serves anything. The same sentence is on "
    "stderr where the log is elsewhere.",
    "Do what the line says: it names the file, the variable or the class.",
    (_PREVIOUS, "liveconfig check kube/configmap.yaml"),
    f"Pods of before serve on; {_ROLL_BACK}.",
    example="conf/config.yaml: no such file or directory: put it there, …",
)
STARTS_AGAIN = Sentence(
    ERROR,
    "%s; it starts again",
    "A publisher died over the source while gunicorn starts. Another one is started, "
    "which gives this text up in the end.",
    "Nothing, if it happens once. Otherwise make the source smaller, raise the memory "
    "limit, or mend the schema's own code.",
    (_LOGS, _STATUS),
    "Put the text of before back.",
    example="the publisher died by signal 9 before it said why; …; it starts again",
)
DIED = Sentence(
    ERROR,
    "the publisher (pid %d) died; the workers serve on, it starts again in %.1f s",
    "The workers were not touched; changes wait for the next publisher.",
    "Nothing, if it happens once. If it goes on, the lines before it say why.",
    (_LOGS, _STATUS),
)
DOES_NOT_START = Sentence(
    ERROR,
    "%s; the workers serve on, it is tried again in %.1f s",
    "The publisher has ended, and no new one could be started. It is tried again; the "
    "workers serve on, but see no change.",
    "Do what the line says: mostly a limit of processes or open files is too low.",
    (_LIMITS, _STATUS),
    example="cannot start the publisher: too many open files; raise the limit …",
)
HANGS = Sentence(
    ERROR,
    "the publisher (pid %d) %s; it is killed, the workers serve on",
    "The publisher was stopped, or did not get on for too long. Another one is "
    "started.",
    "Look for who stopped it, or for what the schema's own code waits for.",
    (_STATUS, _LOGS),
)
OVERWRITTEN = Sentence(
    CRITICAL,
    "the record was overwritten by something else; the workers keep their config, and "
    "the publisher is asked to publish it again",
    "Something wrote into the shared memory.",
    "Nothing at once. If it happens again look for native code in the service that "
    "writes where it must not.",
    (_STATUS, _LOGS),
)
NOT_RELOADED = Sentence(
    ERROR,
    "nothing is reloaded, the workers serve on: %s",
    "HUP was received, but the code or the settings as they are now do not fit: the "
    "publisher and the workers of before stay.",
    "Mend the class, or put a source in place that fits it, and send HUP again.",
    ("liveconfig check kube/configmap.yaml", _RELOAD),
    "Put the code or the setting of before back: nothing else is needed, since "
    "nothing was reloaded.",
)
RELOAD_DIES = Sentence(
    ERROR,
    "nothing is reloaded, the workers serve on: the new publisher died %d times",
    "HUP was received, but the publisher with the new code died each time without a "
    "word. The publisher and the workers of before stay.",
    "Look for what kills it: mostly memory runs out. Then send HUP again.",
    (_LOGS, _RELOAD),
)
CONFIG_FILE_FAILS = Sentence(
    ERROR,
    "nothing is reloaded, the workers serve on: gunicorn cannot load its own config "
    "file",
    "HUP was received, and gunicorn's own error is in the lines before.",
    "Mend gunicorn's config file and send HUP again.",
    (_LOGS, _RELOAD),
)
SUCCESSOR_DIED = Sentence(
    ERROR,
    "the new publisher died",
    "The publisher that was to take over in a reload died without a word. It is tried "
    "up to three times; the workers serve on.",
    "Nothing, if `nothing is reloaded` does not follow.",
    (_LOGS,),
)
NOT_CALLED = Sentence(
    WARNING,
    "%s (%s) does not call ours, so ours is called after it: %s",
    "gunicorn's config file has a hook of its own under the name of ours. All works.",
    "Add the line that it names where ours is to be called.",
    ("kubectl exec POD -- cat gunicorn.conf.py",),
)
STARTED_LATE = Sentence(
    WARNING,
    "on_starting (%s) does not call ours, which starts the publisher: %s",
    "The publisher is started later, before the first worker is forked. All works.",
    "Add the line that it names to your `on_starting`.",
)
NOT_STARTED = replace(
    STARTED_LATE,
    level=ERROR,
    means="No publisher was started, so this worker has no config.",
)
NO_ROW = Sentence(
    WARNING,
    "/status does not show this worker: it has no row in the table, which has no more "
    "of them",
    "The worker serves as all others; only `/status` and the metrics miss it.",
    "Start fewer workers in one gunicorn.",
    (_STATUS,),
)
NO_DIRTY_ROW = Sentence(
    WARNING,
    "/status does not show this dirty worker: it has no row",
    "The dirty worker works as all others; only `/status` and the metrics miss it.",
    "Start fewer workers in one gunicorn.",
    (_STATUS,),
)
NOT_NOTIFIED = Sentence(
    WARNING,
    "this worker takes a new config at its next request only, and calls its callbacks "
    "then: %s",
    "The worker could not start the thread that follows the publications.",
    "Raise the limit of open files or threads that it names.",
    (_LIMITS, _RESTART),
)
NOT_GUARDED = Sentence(
    WARNING,
    "if the master is killed while this worker is busy, nobody ends this worker: %s",
    "The process that ends workers after their master does not know this one.",
    "Raise the limit that it names, and reload.",
    (_LIMITS, _RELOAD),
)
PORT_FAILS = Sentence(
    WARNING,
    "the operators' port is closed in this worker: %s",
    "The worker serves the public port; `/status`, the metrics and the probes of the "
    "operators' port are answered by other workers only.",
    "Raise the limit of open files or threads that it names, and reload.",
    (_LIMITS, _RELOAD),
)
PORT_CLOSED = Sentence(
    WARNING,
    "port %d is closed, and what was to be served there with it: gunicorn listens on "
    "%s only; bind 127.0.0.1:%d as well",
    "The operators' port is not among the addresses of gunicorn.",
    "Add it to `bind`; where gunicorn gets its sockets by descriptor hand it this one "
    "too.",
    ("kubectl exec POD -- cat gunicorn.conf.py",),
)
PORT_ALONE = Sentence(
    ERROR,
    "gunicorn listens on nothing but %s, which is set apart, so nothing is served "
    "apart: bind a public port as well",
    "The only address of gunicorn is the operators' port, so the service itself is "
    "served there.",
    "Add the public address to `bind`.",
    ("kubectl exec POD -- cat gunicorn.conf.py",),
)
NOT_COUNTED = Sentence(
    WARNING,
    "no requests are counted: %s calls no hook for them, so nobody notices a config "
    "by which they fail",
    "The class of worker does not say how requests end. Deaths of workers and "
    "callbacks that fail are counted.",
    "Use a worker class of gunicorn's own (sync, gthread, gevent or asgi), or set "
    "`LIVECONFIG_TRIAL=off`.",
    (_STATUS,),
    example="no requests are counted: uvicorn.workers.UvicornWorker calls no hook …",
)
CALLBACK_FAILED = Sentence(
    ERROR,
    "%s failed for version %d; it is called with the next one",
    "What the callback applies is as it was before; requests have the new config.",
    "Mend the mistake that the traceback under the line names.",
    (_LOGS, _STATUS),
    "Put the config of before back: the callback is called with it as with any other.",
    example="the callback shop.rates.reload_rates failed for version N; it is …",
)
CALLBACK_SLOW = Sentence(
    WARNING,
    "%s has been busy for %.1f s with a new version; requests go on, and it is called "
    "with the newest version when it returns",
    "A callback has not returned. Requests have the new config.",
    "Look for what it waits for.",
    (_STATUS,),
    example="the callback shop.rates.reload_rates has been busy for N s with a new …",
)
UNFIT = Sentence(
    ERROR,
    "version %d stays: %s",
    "What is published was made with another class than this worker has. It serves "
    "what it had.",
    "Reload, so that publisher and workers have the same code.",
    (_RELOAD, _STATUS),
    _ROLL_BACK,
)
WORKER_WAITS = Sentence(
    ERROR,
    "this worker waits, the others serve on: %s; mend config or code, then reload "
    "gunicorn",
    "A worker has started with code whose class does not take what is live. It takes "
    "no requests, and gunicorn starts another in its place after a while.",
    "Mend the class, or put a config in place that fits it, and reload.",
    ("liveconfig check kube/configmap.yaml", _RELOAD),
    _ROLL_BACK,
)
NOTHING_TO_SERVE = Sentence(
    ERROR,
    "%s",
    "A request was answered 503, because this worker has no config.",
    "Do what the line says: add our hooks to gunicorn's config file, or set "
    "`LIVECONFIG_SCHEMA` to the class of the `ConfigManager`.",
    (_LOGS, _STATUS),
    example="there is no config in this process yet: add …",
)
WATCHER_ENDED = Sentence(
    ERROR,
    "the watcher of %s has ended",
    "In a program of your own: the action of a `FileWatcher` ended its thread, as by "
    "`sys.exit`. No change is seen any more.",
    "Let the action return, and start the watcher again.",
)
WATCHER_FAILED = Sentence(
    ERROR,
    "the watcher of %s goes on after an error",
    "In a program of your own: the action of a `FileWatcher` raised. It is called "
    "again at the next change.",
    "Mend the mistake that the traceback under the line names.",
)

WORKER_SERVES = Sentence(
    INFO,
    "this worker waits no more, it serves",
    "What is live fits the worker's class now, or no other worker serves.",
)
RELOAD_TRIED = Sentence(
    INFO,
    "before the reload, its config is tried",
    "HUP was received. The workers are replaced when the new code fits.",
)
RELOAD_TRIED_AGAIN = Sentence(
    INFO,
    "the reload is tried again",
    "The new publisher died; another one is started, three times in all.",
)
