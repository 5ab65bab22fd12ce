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
from typing import Any, ParamSpec

from liveconfig.sentences.of_processes import NOT_CALLED

P = ParamSpec("P")
Hook = Callable[..., object]

# The names of our hooks that were called in this process since it was last asked.
_called: set[str] = set()


def noted(hook: Callable[P, None]) -> Callable[P, None]:
    """Return a hook of ours that is seen to be called."""

    @functools.wraps(hook)
    def call(*arguments: P.args, **keywords: P.kwargs) -> None:
        _called.add(hook.__name__)
        hook(*arguments, **keywords)

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


def advice(name: str, hook: Hook) -> str:
    """Return what to add to a hook that does not call ours."""
    call = (
        f"liveconfig.gunicorn.{name}({', '.join(inspect.signature(hook).parameters)})"
    )
    return f"add `{call}` to it, and `import liveconfig.gunicorn` to its file"


def place(hook: Hook) -> str:
    """Return where a hook is written."""
    code = getattr(inspect.unwrap(hook), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else repr(hook)


def _complete(server: Any, ours: Mapping[str, Hook]) -> None:
    # Its workers are forked from a master that has said nothing: one of them speaks.
    first_age = server.worker_age + 1
    for name, hook in ours.items():
        # Older gunicorns do not have all of them.
        if name not in server.cfg.settings:
            continue
        theirs = getattr(server.cfg, name)
        if theirs is not hook:
            server.cfg.set(name, _completed(name, theirs, hook, first_age))


def _completed(name: str, theirs: Hook, ours: Hook, first_age: int) -> Hook:
    @functools.wraps(theirs)
    def call(*arguments: Any) -> None:
        _called.discard(name)
        theirs(*arguments)
        if name in _called:
            return
        about = arguments[-1]
        if getattr(about, "age", first_age) == first_age:
            NOT_CALLED.write(about.log, name, place(theirs), advice(name, ours))
        ours(*arguments)

    return call
