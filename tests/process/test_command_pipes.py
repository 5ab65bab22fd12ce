"""`liveconfig` reads what other commands write, in pipes of every kind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.source_code import ROOT
from tests.support.tools import needs_kubectl

_LIVECONFIG = Path(sys.executable).with_name("liveconfig")
_SCHEMA = "--schema=liveconfig.reference.config:ServiceConfig"


class _Done:
    """A command line of a shell that has ended."""

    def __init__(self, directory: Path, line: str, text: bytes = b"") -> None:
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=directory,
            env={**os.environ, "PATH": f"{_LIVECONFIG.parent}:{os.environ['PATH']}"},
            input=text,
            capture_output=True,
        )
        self.status = done.returncode
        self.out, self.err = done.stdout.decode(), done.stderr.decode()


_WAYS = {
    "liveconfig {} {} - < c.yaml": "stdin",
    "cat c.yaml | liveconfig {} {} -": "stdin",
    "cat c.yaml | liveconfig {} {} /dev/stdin": "/dev/stdin",
    "liveconfig {} {} <(cat c.yaml)": "/dev/fd/63",
    "mkfifo f; cat c.yaml > f & liveconfig {} {} f": "f",
}


@pytest.mark.parametrize("way", _WAYS)
def test_every_way_into_a_pipe_is_read(tmp_path: Path, way: str) -> None:
    """What is good in a file is good in a pipe, with the same digest."""
    path = tmp_path / "c.yaml"
    path.write_text("message: hi\n")
    told = _Done(tmp_path, f"liveconfig digest {_SCHEMA} c.yaml").out
    done = _Done(tmp_path, way.format("check", _SCHEMA))
    assert (done.status, done.out) == (0, f"{_WAYS[way]}: ok, {told}")
    (tmp_path / "f").unlink(missing_ok=True)
    done = _Done(tmp_path, way.format("digest", _SCHEMA))
    assert (done.status, done.out) == (0, told)
    (tmp_path / "f").unlink(missing_ok=True)
    done = _Done(tmp_path, way.format("show", _SCHEMA))
    assert json.loads(done.out)["message"] == "hi"
    (tmp_path / "f").unlink(missing_ok=True)
    path.write_text("message: 1\n")
    done = _Done(tmp_path, way.format("check", _SCHEMA))
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(f"{_WAYS[way]}:1:1: message: expected text")


def test_output_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    """A disk that is full, and a directory that is deleted, make no traceback."""
    (tmp_path / "c.yaml").write_text("message: hi\n")
    done = _Done(tmp_path, f"liveconfig show {_SCHEMA} c.yaml > /dev/full")
    told = "liveconfig: [Errno 28] No space left on device\n"
    assert (done.status, done.err) == (1, told)
    line = f"mkdir d; cd d; rmdir ../d; liveconfig check {_SCHEMA} {tmp_path}/c.yaml"
    done = _Done(tmp_path, line)
    assert (done.status, done.err) == (0, "")


def test_json_in_a_pipe_is_read_as_json(tmp_path: Path) -> None:
    """Tabs and escapes that YAML does not take are good in JSON, without a name."""
    text = b'{\n\t"message": "a\\/b"\n}\n'
    done = _Done(tmp_path, f"liveconfig show {_SCHEMA} -", text)
    assert json.loads(done.out)["message"] == "a/b"
    text = text.replace(b'"a\\/b"', b"1")
    done = _Done(tmp_path, f"liveconfig check {_SCHEMA} -", text)
    assert done.err.startswith("stdin.json:2:2: message: expected text")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("false | liveconfig check {} -", "stdin: it is empty: look whether the comm"),
        ("liveconfig check {} - <&-", "stdin: it cannot be read: Bad file descriptor"),
        ("liveconfig check {} /dev/null", "/dev/null: it is empty"),
        (
            "export LIVECONFIG_PAYLOAD_BYTES_MAX=1024;"
            "yes 'message: hi' | liveconfig check {} -",
            "stdin: the file has 67108865 bytes, the limit is 1024",
        ),
    ],
)
def test_pipe_that_brings_no_config_is_a_sentence(
    tmp_path: Path, line: str, problem: str
) -> None:
    """Nothing, no pipe and one without an end are told, and none is waited for."""
    done = _Done(tmp_path, line.format(_SCHEMA))
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(problem)
    assert done.err.count("\n") == 1


@needs_kubectl
def test_what_kustomize_builds_is_checked(tmp_path: Path) -> None:
    """The manifests of this project, built by the real tool, hold a good config."""
    line = f"kubectl kustomize kube | liveconfig check {_SCHEMA} -"
    done = _Done(ROOT, line)
    assert done.status == 0
    assert done.out.startswith("stdin: config.yaml: ok, sha256:")
    assert "stdin: skipped: 1 ServiceAccount, 1 Service, 1 Deployment, " in done.err
    line = f"kubectl kustomize kube/overlays/projected | liveconfig show {_SCHEMA}"
    assert json.loads(_Done(ROOT, f"{line} --merged -").out)["message"]


@needs_kubectl
@pytest.mark.parametrize("output", ["yaml", "json"])
def test_what_kubectl_makes_of_a_file_is_that_config(
    tmp_path: Path, output: str
) -> None:
    """A ConfigMap or Secret that kubectl makes has the digest of its file."""
    (tmp_path / "c.yaml").write_text("message: \"<&> 'ä' \\u2028\"\n")
    told = _Done(tmp_path, f"liveconfig digest {_SCHEMA} c.yaml").out
    for kind in ("configmap", "secret generic"):
        made = f"kubectl create {kind} shop --from-file=c.yaml --dry-run=client"
        line = f"{made} -o {output} | liveconfig digest {_SCHEMA} -"
        assert _Done(tmp_path, line).out == told


@needs_kubectl
@pytest.mark.parametrize(
    "key", ["a b", ".", "..", "..x", ".x", "é", "a" * 254, "b" * 253, "-._a", "x/y"]
)
def test_keys_are_refused_as_kubectl_refuses_them(tmp_path: Path, key: str) -> None:
    """The rule for names is that of Kubernetes, character by character."""
    manifest = f"apiVersion: v1\nkind: ConfigMap\ndata: {{'{key}': 'message: hi'}}\n"
    ours = _Done(
        tmp_path, f"liveconfig check {_SCHEMA} --key='{key}' -", manifest.encode()
    )
    made = f"kubectl create configmap x --from-literal='{key}=1' --dry-run=client"
    assert ours.status == (1 if _Done(tmp_path, made).status else 0), ours.err


@needs_kubectl
@pytest.mark.parametrize("letters", [262_000, 262_100])
def test_copy_of_an_apply_is_as_long_as_kubectl_makes_it(
    tmp_path: Path, letters: int
) -> None:
    """The warning comes where the annotation that kubectl writes is too long."""
    name = "kubectl.kubernetes.io/last-applied-configuration"
    text = "<&>" * 30 + "ä" * 500
    (tmp_path / "c").write_text(f"message: '{text}{'x' * (letters - 1800)}'\n")
    made = "kubectl create configmap shop --from-file=c.yaml=c --dry-run=client"
    kept = json.loads(_Done(tmp_path, f"{made} --save-config -o json").out)
    copy = kept["metadata"]["annotations"][name]
    line = f"{made} -o json | liveconfig check {_SCHEMA} -"
    is_too_long = len(name) + len(copy.encode()) > 256 * 1024
    assert ("--server-side" in _Done(tmp_path, line).err) == is_too_long
