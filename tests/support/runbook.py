"""
The runbook, made of the catalogue: `python -m tests.support.runbook` writes the page.

Owns: the page's text around the sentences; what to do about each alert, and about what
    no line of the log shows; which symptom has which of them as its cause.
Must not know: when a sentence is logged, when an alert fires.
Runs in: a terminal, and in the test that says when the page is out of date.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import yaml

from liveconfig.sentences import of_config, of_processes
from liveconfig.sentences.sentence import PREFIX, Sentence
from tests.support.source_code import ROOT

PAGE = ROOT / "docs" / "operate" / "runbook.md"
RULES = ROOT / "kube" / "overlays" / "monitoring" / "prometheusrule.yaml"

_STATUS = "kubectl exec POD -- liveconfig status"
_LOGS = "kubectl logs POD --timestamps"
_CHECK = "liveconfig check kube/configmap.yaml"
_EVENTS = "kubectl describe pod POD"
_PODS = "kubectl get pods --selector=app.kubernetes.io/name=liveconfig"
_RESTART = "kubectl rollout restart deployment/liveconfig"
_TAKE_BACK = (
    "Put the text of before back (`git revert`, then apply it as you did the change)."
)


@dataclass(frozen=True)
class Alert:
    """
    What to do about an alert.

    Attributes:
        action: what the operator does.
        commands: what to run for that, a line each.
        lines: the sentences of the log that name the cause, by their names.
        undo: how to take a change back that led to it.
    """

    action: str
    commands: tuple[str, ...]
    lines: tuple[str, ...] = ()
    undo: str = _TAKE_BACK


ALERTS = {
    "LiveconfigNoConfig": Alert(
        "Mend what `/status` names: the config is served as soon as it is good.",
        (_STATUS, _CHECK, _EVENTS),
        ("WAITS", "REJECTED_AT_FIRST", "MISSING_AT_FIRST", "NOTHING_TO_SERVE"),
    ),
    "LiveconfigConfigRejected": Alert(
        "Mend the file, line and key that `/status` names, check it, and apply it.",
        (_STATUS, _CHECK, "kubectl apply -f kube/configmap.yaml"),
        ("REJECTED", "GIVEN_UP", "GROWN", "REMOVED", "BLANKED", "FELL_BACK"),
    ),
    "LiveconfigConfigWithdrawn": Alert(
        "Put the text of before back: a new pod would take what the source holds. Then "
        "look in the log why the code failed.",
        (_STATUS, _LOGS),
        ("TAKEN_BACK", "NOT_TRIED_AGAIN", "SERVES_CONDEMNED"),
    ),
    "LiveconfigPublisherDown": Alert(
        "Find out from the log why it ends, or does not start.",
        (_LOGS, _STATUS, "kubectl exec POD -- cat /proc/1/limits"),
        ("DIED", "DOES_NOT_START", "HANGS", "ENDS", "NOT_IMPORTED", "MISTAKE"),
        "Where it began with a change of image or environment: "
        "`kubectl rollout undo deployment/liveconfig`.",
    ),
    "LiveconfigWorkerBehind": Alert(
        "Look whether the process that `/status` names is stopped or short of "
        "processor time. Nobody else waits for it; it may be ended, and gunicorn "
        "starts another.",
        (_STATUS, "kubectl top pod POD", "kubectl exec POD -- kill -TERM PID"),
        ("NOT_NOTIFIED", "UNFIT"),
    ),
    "LiveconfigReplicasDisagree": Alert(
        "Compare the digests of the pods; the one that differs says why in its "
        "`/status`.",
        (_PODS, _STATUS, _EVENTS),
        ("REJECTED", "TAKEN_BACK", "MISSING", "FILE_MOUNT", "POLLING"),
    ),
    "LiveconfigSourceMissing": Alert(
        "Put the ConfigMap or Secret back, or make it readable: it is picked up "
        "without a restart.",
        (_STATUS, _EVENTS, "kubectl exec POD -- ls -la /etc/config"),
        ("MISSING",),
        "Make the ConfigMap or Secret again, or take back the change of the mount.",
    ),
    "LiveconfigRestartNeeded": Alert(
        "Restart the workers when it suits you.",
        (_STATUS, _RESTART),
        ("NEEDS_RESTART",),
    ),
    "LiveconfigCallbackFailed": Alert(
        "Mend the mistake that the traceback in the log names.",
        (_LOGS, _STATUS),
        ("CALLBACK_FAILED", "CALLBACK_SLOW"),
    ),
}


@dataclass(frozen=True)
class Unlogged:
    """
    What goes wrong without a line of the log.

    Attributes:
        shows: where it shows instead.
        means: what has happened.
        action: what the operator does.
        commands: what to run for that, a line each.
    """

    shows: str
    means: str
    action: str
    commands: tuple[str, ...] = ()


UNLOGGED = {
    "VOLUME_STAYS": Unlogged(
        "an event of the pod: `MountVolume.SetUp failed … not found`",
        "A ConfigMap or Secret that the volume requires is gone. While it is missing "
        "the kubelet updates no layer of that volume, and starts no new pod with it.",
        "Make the ConfigMap or Secret that the event names again.",
        (_EVENTS,),
    ),
    "NAME_REFUSED": Unlogged(
        "the answer 403 of the operators' port",
        "It is asked under a name that it does not know.",
        "Put the name that you ask by into `LIVECONFIG_ADMIN_NAMES`.",
    ),
    "NOBODY_ANSWERS": Unlogged(
        "`liveconfig status`: connection refused",
        "The service has no operators' port, or has it at another place.",
        "[Add the operators' port](../start/operators-port.md), or say with `--url` "
        "where it is.",
        (_PODS,),
    ),
    "CLIENTS_HOLD_THREADS": Unlogged(
        "slow answers, or none, on the public port alone",
        "Clients that take their time hold the threads of the workers.",
        "Put a [proxy that buffers](../guides/proxy.md) before the service.",
        (_STATUS,),
    ),
}

# Each symptom with its causes: lines of the log, what is not logged, and alerts.
SYMPTOMS = {
    "an edit does not show": (
        *("REJECTED", "MISSING", "FILE_MOUNT", "GIVEN_UP", "VOLUME_STAYS"),
    ),
    "a valid edit does not show": ("GROWN", "REMOVED", "BLANKED"),
    "an edit shows, and is gone again": ("TAKEN_BACK", "NOT_TRIED_AGAIN"),
    "an edit that hurts stays": ("NOT_COUNTED", "SERVES_CONDEMNED"),
    "an edit shows a second late": ("POLLING",),
    "a key has no effect": ("UNKNOWN_KEYS", "NEEDS_RESTART"),
    "a number or text is another one": ("ODD_VALUE",),
    "a part of a worker stays as it was": ("CALLBACK_FAILED", "CALLBACK_SLOW"),
    "a worker stays behind": ("LiveconfigWorkerBehind", "NOT_NOTIFIED", "UNFIT"),
    "a worker takes no requests": ("WORKER_WAITS",),
    "a worker is not in `/status`": ("NO_ROW", "NO_DIRTY_ROW"),
    "all answers are 503, the pod is not ready": (
        *("WAITS", "REJECTED_AT_FIRST", "MISSING_AT_FIRST"),
        *("NOTHING_TO_SERVE", "NOT_STARTED", "SERVES_CONDEMNED"),
    ),
    "after a start an old config is served": (
        *("FELL_BACK", "CACHE_UNUSED", "CACHE_UNFIT"),
    ),
    "gunicorn ends at once, with status 1": ("START_FAILS", "NO_DEFAULTS", "ENDS"),
    "the publisher died or hung": (
        *("DIED", "STARTS_AGAIN", "DOES_NOT_START", "HANGS", "NOT_IMPORTED"),
        *("MISTAKE", "RESUMED"),
    ),
    "a reload (HUP) changes nothing": (
        *("NOT_RELOADED", "RELOAD_DIES", "CONFIG_FILE_FAILS", "SUCCESSOR_DIED"),
    ),
    "something wrote into the shared memory": (
        *("PUBLISHED_AGAIN", "OVERWRITTEN", "UNREADABLE"),
    ),
    "a later start would find no config": ("NOT_KEPT",),
    "a hook of your own is named": ("NOT_CALLED", "STARTED_LATE"),
    "a worker may outlive its master": ("NOT_GUARDED",),
    "the publisher is still root": ("STAYS_ROOT",),
    "the operators' port is closed": (
        *("PORT_CLOSED", "PORT_FAILS", "PORT_ALONE", "NOBODY_ANSWERS"),
    ),
    "the operators' port answers 403": ("NAME_REFUSED",),
    "the public port is slow or silent": ("CLIENTS_HOLD_THREADS",),
    "a watcher of your own program stops": ("WATCHER_ENDED", "WATCHER_FAILED"),
}

_HEAD = f"""\
# Runbook

What to do when something is wrong: by what you see, by an alert, or by a line of the
log. `POD` stands for the name of a pod; the manifests are those of `kube/`. This names
the pods:

```sh
{_PODS}
```

Outside of Kubernetes leave `kubectl exec POD --` away.

Each line begins with `{PREFIX.strip()}`; `…` stands for what differs from time to time,
and `N` for a number. In nearly all of these cases the workers serve what they had.

This page is written by `python -m tests.support.runbook`.

"""

# A cell of the symptoms' table shows so much of a line.
_CAUSE_CHARACTERS_MAX = 70
_UNLOGGED_TITLE = "Not in the log: seen elsewhere"

_LEVELS = (
    (logging.CRITICAL, "CRITICAL: the service or its memory is in danger"),
    (logging.ERROR, "ERROR: somebody has to mend this"),
    (logging.WARNING, "WARNING: somebody should look at this"),
    (logging.INFO, "INFO: all is as it should be"),
)


def sentences() -> dict[str, Sentence]:
    """Return the catalogue by the names of its sentences."""
    return {
        name: value
        for module in (of_config, of_processes)
        for name, value in _members(module)
    }


def anchor(name: str) -> str:
    """Return what a link to the section of a sentence or an alert ends with."""
    return name.lower().replace("_", "-")


def shape(sentence: Sentence) -> str:
    """Return the line, with marks where it differs from time to time."""
    if sentence.example:
        return sentence.example
    text = sentence.text.replace("%.1f", "N").replace("%d", "N")
    return text.replace("%s%s", "%s").replace("%s", "…")


def alerts() -> dict[str, str]:
    """Return what each alert of the manifests says, by its name."""
    rules: Any = yaml.safe_load(RULES.read_text())
    return {
        rule["alert"]: " ".join(rule["annotations"]["description"].split())
        for group in rules["spec"]["groups"]
        for rule in group["rules"]
    }


def page() -> str:
    """Return the page as it must be."""
    parts = [_HEAD, *_symptoms(), "## Alerts\n\n"]
    for name, description in alerts().items():
        parts += _alert(name, description, ALERTS[name])
    for level, title in _LEVELS:
        parts.append(f"## {title}\n\n")
        for name, sentence in sentences().items():
            if sentence.level == level:
                parts += _section(name, sentence)
    parts.append(f"## {_UNLOGGED_TITLE}\n\n")
    for name, trouble in UNLOGGED.items():
        parts += _unlogged(name, trouble)
    return "".join(parts).rstrip() + "\n"


def _members(module: ModuleType) -> Iterator[tuple[str, Sentence]]:
    for name, value in vars(module).items():
        if isinstance(value, Sentence):
            yield name, value


def _symptoms() -> Iterator[str]:
    yield "## Symptoms\n\n| what you see | where to read on |\n| --- | --- |\n"
    for symptom, causes in SYMPTOMS.items():
        links = (f"[{_cause(name)}](#{anchor(name)})" for name in causes)
        yield f"| {symptom} | {'<br>'.join(links)} |\n"
    yield "\n"


def _cause(name: str) -> str:
    if name in UNLOGGED:
        return UNLOGGED[name].shows
    if name in ALERTS:
        return f"the alert {name}"
    text = shape(sentences()[name])
    end = text.rfind(" ", 0, _CAUSE_CHARACTERS_MAX)
    return _code(text if len(text) <= _CAUSE_CHARACTERS_MAX else f"{text[:end]} …")


def _title(name: str) -> str:
    return name.capitalize().replace("_", " ")


def _unlogged(name: str, trouble: Unlogged) -> Iterator[str]:
    shows = trouble.shows[0].upper() + trouble.shows[1:]
    yield f"### {_title(name)}\n\n{shows}.\n\n{trouble.means}\n\n"
    yield f"What to do: {trouble.action}\n\n"
    yield from _commands(trouble.commands)


def _section(name: str, sentence: Sentence) -> Iterator[str]:
    yield f"### {_title(name)}\n\n{_code(shape(sentence))}\n\n{sentence.means}\n\n"
    if sentence.action:
        yield f"What to do: {sentence.action}\n\n"
    yield from _commands(sentence.commands)
    if sentence.undo:
        yield f"To take a change back: {sentence.undo}\n\n"


def _alert(name: str, description: str, alert: Alert) -> Iterator[str]:
    text = description.replace("{{ $labels.pod }}", "the pod")
    text = text[0].upper() + text[1:]
    yield f"### {name}\n\n{text}\n\nWhat to do: {alert.action}\n\n"
    yield from _commands(alert.commands)
    yield f"To take a change back: {alert.undo}\n\n"
    if alert.lines:
        yield "The line of the log that names the cause:\n\n"
        known = sentences()
        for line in alert.lines:
            yield f"- [{_code(shape(known[line]))}](#{anchor(line)})\n"
        yield "\n"


def _commands(commands: tuple[str, ...]) -> Iterator[str]:
    if commands:
        lines = "\n".join(commands)
        yield f"```sh\n{lines}\n```\n\n"


def _code(text: str) -> str:
    return f"`{text}`"


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page())
