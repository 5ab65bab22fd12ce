"""
The command line of the walk: a test, or with `--show` a demonstration.

Owns: the options; which cluster is meant; ending with one sentence.
Must not know: what is done there.
Runs in: a terminal on any machine with Python 3.10 and kubectl.

    python3 -m kube.tools --context=kind-kind --image=liveconfig:0.1.0

The exit status is 0 if all of it came as it should, 1 if not, 2 for wrong usage.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys

from kube.tools.cluster import Cluster
from kube.tools.demo import demonstrate
from kube.tools.kubectl import NAME, Kubectl, WalkError
from kube.tools.trial import UPDATES_MIN, Trial


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    made = argparse.ArgumentParser(
        prog="python3 -m kube.tools",
        description="Test the service in a cluster, under load.",
    )
    made.add_argument(
        "--show", action="store_true", help="demonstrate it instead, step by step"
    )
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
    made.add_argument(
        "--updates",
        type=updates,
        default=20,
        help="of the config in the test; default %(default)s",
    )
    return made


def updates(text: str) -> int:
    """Return a number of updates, from the command line."""
    if int(text) < UPDATES_MIN:
        raise argparse.ArgumentTypeError(f"at least {UPDATES_MIN}")
    return int(text)


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


def main() -> int:
    """Do what is asked for in the cluster that is meant, and return the exit status."""
    options = parser().parse_args()
    try:
        cluster = connect(options)
        if options.cleanup:
            print(cluster.clean_up(options.timeout))
            return 0
        if options.show:
            return demonstrate(cluster, options)
        return Trial(cluster, options).run()
    except WalkError as error:
        print(f"{error}", file=sys.stderr)
        return 1
    except subprocess.TimeoutExpired as error:
        print(f"kubectl does not end: {' '.join(error.cmd)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; what was made stays: --cleanup removes it", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
