"""The container image, built for real and run as its pod would run it."""

from __future__ import annotations

import http.client
import re
import signal
import socket
import statistics
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.image.conftest import StartPod
from tests.support.eventually import eventually
from tests.support.image import ROOT, Image
from tests.support.pod import Pod, status_of
from tests.support.server import all_ended
from tests.support.volume import ConfigMapVolume

pytestmark = pytest.mark.image

# Where the size is told, and how long the first answer may take.
_TEXTS = ("docs/operate/kubernetes.md",)
_COLD_START_SECONDS_MAX = 1.0

TWO = {"config.yaml": "message: two\n"}


def test_image_says_what_it_was_built_from(image: Image) -> None:
    """The labels name the commit and the time of the build, in the spec's form."""
    labels = image.config["Labels"]
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True
    ).stdout.strip()
    revision = labels["org.opencontainers.image.revision"]
    assert revision.removesuffix("-dirty") == head
    created = labels["org.opencontainers.image.created"]
    built_at = time.strptime(created, "%Y-%m-%dT%H:%M:%SZ")
    assert time.mktime(built_at) <= time.mktime(time.gmtime())


def test_image_adds_one_small_layer(
    image: Image, capsys: pytest.CaptureFixture[str]
) -> None:
    """On top of the base lies one layer, and its size is what the texts tell."""
    assert len(image.layers) == 2
    added = sum(member.size for member in image.added()) / 1e6
    packed = image.layers[-1].stat().st_size / 1e6
    with capsys.disabled():
        print(f"\nimage: adds {added:.1f} MB, packed {packed:.1f} MB")
    for name in _TEXTS:
        (told,) = re.findall(r"adds (.+) MB to .+ \((.+) MB packed\)", _text(name))
        assert [float(size) for size in told] == pytest.approx([added, packed], rel=0.1)


def _text(name: str) -> str:
    return (ROOT / name).read_text()


def test_image_adds_nothing_of_the_build(image: Image) -> None:
    """Packages, the service's two files and bytecode: no tool, no wheel, no cache."""
    files = [member.name for member in image.added() if not member.isdir()]
    ours = r"opt/liveconfig/.+|app/conf/gunicorn\.conf\.py|etc/config/config\.yaml"
    expected = re.compile(rf"{ours}|(app|usr)/.+/__pycache__/[^/]+\.pyc")
    assert [name for name in files if not expected.fullmatch(name)] == []
    tools = "pip|setuptools|wheel|ensurepip|_distutils_hack|uv"
    tool = re.compile(rf"/({tools})([-.\d][^/]*)?(/|$)|\.whl$|\.egg-info/")
    assert [name for name in files if tool.search(name)] == []


def test_image_cannot_be_changed_by_its_user(image: Image) -> None:
    """Root owns all of it, and nobody else may write to any of it."""
    found = [
        member.name
        for member in image.added()
        if member.uid or member.gid or (member.mode & 0o022 and not member.issym())
    ]
    assert found == []


def test_plain_start_serves_the_built_in_config(
    start_pod: StartPod, image: Image
) -> None:
    """Without a mount, as of `docker run`, the clone's config is served."""
    built_in = (ROOT / "conf/config.yaml").read_text()
    (message,) = re.findall(r"(?m)^message: (.+)$", built_in)
    container = start_pod(None)
    assert container.get().text == message
    user, _, group = image.config["User"].partition(":")
    for process in container.family():
        status = status_of(process)
        assert {*status["Uid"].split(), *status["Gid"].split()} == {user, group}


def test_flip_reaches_every_worker_of_a_pod(
    start_pod: StartPod, volume: ConfigMapVolume
) -> None:
    """A mounted ConfigMap takes the built-in config's place, and its flip is served."""
    pod = start_pod(volume)
    assert pod.get().text == "one"
    volume.flip(TWO)
    pod.wait_until_all_serve("two")
    assert len(pod.worker_pids) == 4
    pod.wait_for_line("version 2 is live, .*changed: message, ")
    assert pod.lines("Traceback|ERROR|WARNING") == []


def test_pod_runs_with_no_rights(start_pod: StartPod, volume: ConfigMapVolume) -> None:
    """Every process is the numeric user's, without capability, confined for good."""
    pod = start_pod(volume)
    family = pod.family()
    assert len(family) == 6
    for process in family:
        status = status_of(process)
        assert status["Uid"] == status["Gid"] == "10001 10001 10001 10001"
        rights = {status[f"Cap{kind}"] for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")}
        assert {int(right, 16) for right in rights} == {0}
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    with pytest.raises(AssertionError, match="Read-only file system"):
        pod.execute("touch", "/app/file")


def test_command_line_judges_as_the_service_does(
    start_pod: StartPod, volume: ConfigMapVolume
) -> None:
    """In a container `liveconfig digest` prints what the service's answers carry."""
    pod = start_pod(volume)
    printed = pod.execute("liveconfig", "digest", "/etc/config/config.yaml")
    assert printed.split()[0] == pod.get().headers["config-digest"]


def test_command_line_waits_in_a_container(
    start_pod: StartPod, volume: ConfigMapVolume
) -> None:
    """`liveconfig wait`, run beside the service, ends when every worker serves it."""
    pod = start_pod(volume)
    volume.flip(TWO)
    digest = pod.execute("liveconfig", "digest", "/etc/config/config.yaml").strip()
    waited = pod.execute("liveconfig", "wait", f"--digest={digest}", "--timeout=10")
    on_trial = r", on trial for \d+ more seconds\n"
    assert re.fullmatch(f"live: version 2 in 4 workers{on_trial}", waited)
    told = pod.execute("liveconfig", "status")
    assert re.match(f"Live: version 2 in all 4 workers{on_trial}", told)


def test_operators_have_the_page_and_the_metrics(
    start_pod: StartPod, volume: ConfigMapVolume
) -> None:
    """The image has the page with the files beside it, and what a scrape needs."""
    pod = start_pod(volume)
    page = pod.get("/status", admin=True, Accept="text/html")
    assert page.headers["content-type"].startswith("text/html")
    for name in ("page.css", "page.js"):
        assert f"/{name}" in page.text
        assert pod.get(f"/status/{name}", admin=True).status == 200
    metrics = pod.get("/metrics", admin=True)
    assert "\nliveconfig_workers 4" in metrics.text


def test_gunicorn_is_the_first_process(
    start_pod: StartPod, volume: ConfigMapVolume
) -> None:
    """The master is process 1, so a signal of the pod reaches it and nothing else."""
    pod = start_pod(volume)
    assert status_of(pod.master)["NSpid"].split()[-1] == "1"
    assert pod.master.cmdline()[0].startswith("gunicorn: master")


def test_orphan_is_reaped(start_pod: StartPod, volume: ConfigMapVolume) -> None:
    """A process that is left to gunicorn ends without a zombie, and without harm."""
    pod = start_pod(volume)
    before = pod.worker_pids
    # 3 is what a worker of gunicorn's own ends with when it cannot boot.
    pod.execute("sh", "-c", "(sleep 0.5; exit 3) > /dev/null 2>&1 &")
    (orphan,) = eventually(lambda: _strangers(pod))
    eventually(lambda: not orphan.is_running())
    assert pod.get().status == 200
    assert pod.worker_pids == before


def _strangers(pod: Pod) -> list[psutil.Process]:
    """Return the children of gunicorn that it did not start."""
    return [
        child for child in pod.master.children() if "sleep" in child.cmdline()[-1:][0]
    ]


def test_term_ends_it_gracefully(start_pod: StartPod, volume: ConfigMapVolume) -> None:
    """A request that is under way is answered, then all end, with status 0."""
    pod = start_pod(volume)
    family = pod.family()
    with closing(socket.create_connection(("127.0.0.1", pod.port), 10)) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: pod\r\n")
        eventually(lambda: _has_taken(pod, client))
        pod.signal(signal.SIGTERM)
        pod.wait_for_line("Handling signal: term")
        eventually(lambda: pod.lines("Worker exiting"))
        client.sendall(b"\r\n")
        response = http.client.HTTPResponse(client)
        response.begin()
        assert (response.status, response.read()) == (200, b"one")
    assert pod.wait_until_ended() == 0
    assert all_ended(family)


def _has_taken(pod: Pod, client: socket.socket) -> bool:
    """Tell whether a worker has taken the client's connection."""
    port = client.getsockname()[1]
    return any(
        connection.raddr and connection.raddr.port == port
        for process in pod.family()
        for connection in process.net_connections("tcp")
    )


def test_nothing_is_written_to_the_root(
    start_pod: StartPod, image: Image, volume: ConfigMapVolume
) -> None:
    """
    Not even a process that may write everywhere does so, in all its life.

    It would write the bytecode of each module that has none, and each start of a pod
    would compile those modules anew.
    """
    root = image.copy()
    before = _files(root)
    change = {
        "root": {"path": str(root), "readonly": False},
        "process.user": {"uid": 0, "gid": 0},
    }
    pod = start_pod(volume, change=change)
    volume.flip(TWO)
    pod.wait_until_all_serve("two")
    assert pod.execute("liveconfig", "check", "/etc/config/config.yaml")
    assert pod.execute("liveconfig", "status")
    for path in ("/config", "/status", "/metrics"):
        for media_type in ("application/json", "text/html"):
            assert pod.get(path, admin=True, Accept=media_type).status == 200
    pod.signal(signal.SIGTERM)
    assert pod.wait_until_ended() == 0
    assert _files(root) == before


def _files(root: Path) -> dict[str, Any]:
    """Return when and how large each file is."""
    found = {}
    for path in root.rglob("*"):
        state = path.lstat()
        if not path.is_dir():
            found[str(path.relative_to(root))] = (state.st_mtime_ns, state.st_size)
    return found


def test_first_answer_comes_within_a_second(
    start_pod: StartPod, volume: ConfigMapVolume, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the start of the container to its first answer, mostly, it is not long."""
    # Before all that the machine does besides: what is measured is what it takes.
    change = {"linux.resources": {"cpu": {"shares": 262_144}}}
    seconds = []
    for _ in range(5):
        started_at = time.perf_counter()
        pod = start_pod(volume, change=change)
        seconds.append(time.perf_counter() - started_at)
        pod.stop()
    with capsys.disabled():
        print(f"\nimage: first answer after {statistics.median(seconds):.2f} s")
    assert statistics.median(seconds) < _COLD_START_SECONDS_MAX
