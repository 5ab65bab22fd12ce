"""
The runbook, made of the catalogue: `python -m tests.support.runbook` writes the page.

Owns: the page's text around the sentences, and what to do about each alert.
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
        ("REJECTED", "MISSING", "FILE_MOUNT", "POLLING"),
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

_HEAD = f"""\
# Runbook

What to do about a line of the log, or about an alert. `POD` stands for the name of a
pod; the manifests are those of `kube/`. This names the pods:

```sh
{_PODS}
```

Outside of Kubernetes leave `kubectl exec POD --` away.

Each line begins with `{PREFIX.strip()}`; `…` stands for what differs from time to time,
and `N` for a number. In nearly all of these cases the workers serve what they had.

This page is written by `python -m tests.support.runbook`.

"""

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
    parts = [_HEAD, "## Alerts\n\n"]
    for name, description in alerts().items():
        parts += _alert(name, description, ALERTS[name])
    for level, title in _LEVELS:
        parts.append(f"## {title}\n\n")
        for name, sentence in sentences().items():
            if sentence.level == level:
                parts += _section(name, sentence)
    return "".join(parts).rstrip() + "\n"


def _members(module: ModuleType) -> Iterator[tuple[str, Sentence]]:
    for name, value in vars(module).items():
        if isinstance(value, Sentence):
            yield name, value


def _section(name: str, sentence: Sentence) -> Iterator[str]:
    title = name.capitalize().replace("_", " ")
    yield f"### {title}\n\n{_code(shape(sentence))}\n\n{sentence.means}\n\n"
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
