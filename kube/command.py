"""
The command line that the demonstration and the test have in common.

Owns: the options; which cluster is meant; ending with one sentence.
Must not know: what is done there.
Runs in: a terminal on any machine with Python 3.10 and kubectl.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence

from cluster import Cluster
from kubectl import NAME, Kubectl, WalkError


def parser(name: str, text: str) -> argparse.ArgumentParser:
    """Return a command line with what demo and test have in common."""
    made = argparse.ArgumentParser(prog=name, description=text)
    made.add_argument("--context", help="of kubectl; without it you are asked")
    made.add_argument("--namespace", default="liveconfig-walk")
    made.add_argument("--image", default=f"{NAME}:0.1.0", help="default %(default)s")
    made.add_argument("--replicas", type=int, default=3, help="default %(default)s")
    made.add_argument(
        "--timeout",
        type=float,
        default=180,
        metavar="SECONDS",
        help="for each step; default %(default)s",
    )
    made.add_argument(
        "--cleanup", action="store_true", help="only delete what an earlier run made"
    )
    return made


def connect(options: argparse.Namespace) -> Cluster:
    """
    Return the cluster that is meant, or find out which one that is.

    Raises:
        WalkError: kubectl is missing, or nobody says which cluster is meant.
    """
    if shutil.which("kubectl") is None:
        raise WalkError(
            "kubectl is not on the PATH: see https://kubernetes.io/docs/tasks/tools/"
        )
    context = options.context or _asked(options.namespace)
    return Cluster(Kubectl(context, options.namespace), options.namespace)


def _asked(namespace: str) -> str:
    done = subprocess.run(
        ["kubectl", "config", "current-context"], capture_output=True, text=True
    )
    context = done.stdout.strip()
    if done.returncode != 0 or not context:
        raise WalkError("kubectl has no current context: name one with --context")
    if not sys.stdin.isatty():
        raise WalkError(
            f"the current context is {context}: if it is the one that is meant, "
            f"say so with --context={context}"
        )
    question = f"Use the namespace {namespace} in the context {context}? [y/N] "
    if input(question).strip().lower() not in ("y", "yes"):
        raise WalkError("nothing was touched")
    return context


def main(options: argparse.Namespace, steps: Callable[[Cluster], int]) -> int:
    """Take the steps in the cluster that is meant, and return the exit status."""
    try:
        cluster = connect(options)
        if options.cleanup:
            print(cluster.clean_up(options.timeout))
            return 0
        return steps(cluster)
    except WalkError as error:
        print(f"{error}", file=sys.stderr)
        return 1
    except subprocess.TimeoutExpired as error:
        print(f"kubectl does not end: {' '.join(error.cmd)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; what was made stays: --cleanup removes it", file=sys.stderr)
        return 130


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows of texts as a table with columns of even width."""
    columns = list(zip(headings, *rows, strict=True))
    widths = [max(len(text) for text in column) for column in columns]
    ruler = ["-" * width for width in widths]
    return "\n".join(
        "  ".join(
            text.ljust(width) for text, width in zip(line, widths, strict=True)
        ).rstrip()
        for line in (headings, ruler, *rows)
    )
