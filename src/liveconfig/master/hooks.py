"""
Hooks of the team's own, under the names of ours.

Owns: noticing that such a hook does not call ours, saying so, calling ours for it.
Must not know: what our hooks do.
Runs in: the gunicorn master and the processes that it forks.

Why it is seen from the calls: whether code calls ours cannot be read off it, as it may
do so by another name, through another module, or under a condition.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any, ParamSpec

from liveconfig.sentences.of_processes import NOT_CALLED

P = ParamSpec("P")
Hook = Callable[..., object]

# The name of the hook of ours that was called last: in this thread or greenlet, since
# many of them serve requests at a time.
_called: ContextVar[str] = ContextVar("_called", default="")


def noted(hook: Callable[P, None]) -> Callable[P, None]:
    """Return a hook of ours that is seen to be called."""

    @functools.wraps(hook)
    def call(*arguments: P.args, **keywords: P.kwargs) -> None:
        hook(*arguments, **keywords)
        _called.set(hook.__name__)

    return call


def complete(server: Any, ours: Mapping[str, Hook]) -> None:
    """
    Have each hook of ours called, now and after reloads, also where there are others.

    Args:
        server: gunicorn's arbiter.
        ours: our hooks by their names.
    """
    setup = server.setup

    def setup_and_complete(app: Any) -> None:
        setup(app)
        _complete(server, ours)

    server.setup = setup_and_complete
    _complete(server, ours)


def replace(cfg: Any, ours: Mapping[str, Hook], others: Mapping[str, Hook]) -> None:
    """
    Put other hooks in the place of ours, for one process and from now on.

    Args:
        cfg: gunicorn's config.
        ours: our hooks by their names.
        others: what is called instead, by their names; without one, what gunicorn
            has by default. A hook of the team's own stays, and is not completed.
    """
    for name, hook in ours.items():
        present = getattr(cfg, name)
        if present is hook:
            cfg.set(name, others.get(name, cfg.settings[name].default))
        elif name not in others:
            cfg.set(name, getattr(present, "__wrapped__", present))


def advice(name: str, hook: Hook) -> str:
    """Return what to add to a hook that does not call ours."""
    call = (
        f"liveconfig.gunicorn.{name}({', '.join(inspect.signature(hook).parameters)})"
    )
    return f"add `{call}` to it, and `import liveconfig.gunicorn` to its file"


def place(hook: Hook) -> str:
    """Return where a hook is written."""
    hook = inspect.unwrap(hook)
    # gunicorn wraps a `post_request` that takes fewer arguments than it has.
    if getattr(hook, "__module__", "") == "gunicorn.config":
        hook = inspect.getclosurevars(hook).nonlocals.get("val", hook)
    code = getattr(hook, "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else repr(hook)


def _complete(server: Any, ours: Mapping[str, Hook]) -> None:
    # Each worker has a copy in which nothing was logged yet: the first one alone logs.
    first_age = server.worker_age + 1
    for name, hook in ours.items():
        # Older gunicorns do not have all of them.
        if name not in server.cfg.settings:
            continue
        theirs = getattr(server.cfg, name)
        if theirs is server.cfg.settings[name].default:
            server.cfg.set(name, hook)
        elif theirs is not hook:
            server.cfg.set(name, _completed(name, theirs, hook, first_age))


def _completed(name: str, theirs: Hook, ours: Hook, first_age: int) -> Hook:
    parameters = list(inspect.signature(ours).parameters)
    whose_log = parameters.index("worker") if "worker" in parameters else -1
    is_logged = False

    @functools.wraps(theirs)
    def call(*arguments: Any) -> None:
        nonlocal is_logged
        _called.set("")
        theirs(*arguments)
        if _called.get() == name:
            return
        about = arguments[whose_log]
        if not is_logged and getattr(about, "age", first_age) == first_age:
            is_logged = True
            NOT_CALLED.write(about.log, name, place(theirs), advice(name, ours))
        ours(*arguments)

    return call
