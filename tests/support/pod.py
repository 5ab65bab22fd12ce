"""
The image under the restrictions of its pod, as a container of runc.

Owns: what the Deployment asks for, as runc takes it; the start, and the pids inside.
Must not know: how the image was built, what is tested.
Runs in: the test process; runc as its child, gunicorn as runc's.

runc is what starts a container on most nodes. It differs from a pod in two things: it
has the network of the machine, on ports that the kernel chose, and what a kubelet makes
(the volumes) is made by the test.
"""

from __future__ import annotations

import json
import platform
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil
import yaml

from tests.support.image import ROOT, Image
from tests.support.server import Server

# The runtime's default, as Debian packages it for its own container tools.
_SECCOMP = Path("/usr/share/containers/seccomp.json")
_MACHINES = {
    "x86_64": ("amd64", "SCMP_ARCH_X86_64"),
    "aarch64": ("arm64", "SCMP_ARCH_AARCH64"),
}
_KINDS = ("bounding", "effective", "inheritable", "permitted", "ambient")

_NO_DEVICE = ["nosuid", "noexec", "nodev"]
_MOUNTS: list[dict[str, Any]] = [
    {"destination": "/proc", "type": "proc", "source": "proc"},
    {
        "destination": "/sys",
        "type": "sysfs",
        "source": "sysfs",
        "options": [*_NO_DEVICE, "ro"],
    },
    {
        "destination": "/dev",
        "type": "tmpfs",
        "source": "tmpfs",
        "options": ["nosuid", "strictatime", "mode=755", "size=65536k"],
    },
    {
        "destination": "/dev/shm",
        "type": "tmpfs",
        "source": "shm",
        "options": [*_NO_DEVICE, "mode=1777", "size=65536k"],
    },
]

# `Server` chooses the ports when it starts, so they are filled in then. The gunicorn of
# this machine, which it would start, is left out: the image has its own.
_LAUNCH = (
    'sed "s/@PORT@/$PORT/; s/@ADMIN_PORT@/$LIVECONFIG_ADMIN_PORT/" "$1/template.json" '
    '> "$1/config.json" && exec runc --root "$1/state" run --bundle "$1" '
    '--pid-file "$1/pid" "$2"'
)


class Pod(Server):
    """One container of the image, started as the Deployment says."""

    def __init__(
        self,
        image: Image,
        directory: Path,
        config_map: Path | None,
        *,
        change: Mapping[str, Any] | None = None,
    ) -> None:
        """
        Start a container.

        Args:
            image: what is started.
            directory: where its log and its emptyDir volumes go.
            config_map: what the ConfigMap's volume shows, None for a start without
                any volume, as of `docker run`.
            change: parts of runc's configuration that replace its own.
        """
        self._name = f"liveconfig-{uuid.uuid4().hex[:12]}"
        self._bundle = directory / self._name
        self._bundle.mkdir()
        deployed = {} if config_map is None else _pod()
        configuration = _configuration(image, deployed)
        if config_map is not None:
            configuration["mounts"] += _volumes(deployed, self._bundle, config_map)
        for path, value in (change or {}).items():
            *parents, last = path.split(".")
            place = configuration
            for parent in parents:
                place = place.setdefault(parent, {})
            place[last] = value
        (self._bundle / "template.json").write_text(json.dumps(configuration))
        self._started: Sequence[str] = configuration["process"]["args"]
        launcher = ["sh", "-c", _LAUNCH, "sh", str(self._bundle), self._name]
        super().__init__(
            Path("/unused"), directory, workers=4, binds_itself=True, launcher=launcher
        )

    def wait_until_ready(self) -> Pod:
        """Wait until the service answers that it is ready."""
        super().wait_until_ready()
        self.master = psutil.Process(int((self._bundle / "pid").read_text()))
        return self

    @property
    def worker_pids(self) -> set[int]:
        """The processes of the workers that are alive, as they number themselves."""
        return {_pid_inside(pid) for pid in super().worker_pids}

    def execute(self, *command: str) -> str:
        """Run a command in the container, as `kubectl exec` does; return its output."""
        state = ["--root", str(self._bundle / "state")]
        done = subprocess.run(
            ["runc", *state, "exec", self._name, *command],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def stop(self) -> None:
        """End the container, and have the kernel end all that is in it."""
        try:
            super().stop()
        finally:
            state = ["--root", str(self._bundle / "state")]
            subprocess.run(
                ["runc", *state, "delete", "--force", self._name], capture_output=True
            )


def trial(image: Image, directory: Path) -> str:
    """Return what runc says when it cannot start containers here, "" if it can."""
    configuration = _configuration(image, _pod())
    configuration["process"]["args"] = ["true"]
    (directory / "config.json").write_text(json.dumps(configuration))
    state = ["--root", str(directory / "state")]
    done = subprocess.run(
        ["runc", *state, "run", "--bundle", str(directory), directory.name],
        capture_output=True,
        text=True,
    )
    return done.stderr.strip() if done.returncode else ""


def status_of(process: psutil.Process) -> dict[str, str]:
    """Return what the kernel says of a process: its rights among other things."""
    text = Path(f"/proc/{process.pid}/status").read_text()
    pairs = (line.split(":", 1) for line in text.splitlines())
    return {name: " ".join(value.split()) for name, value in pairs}


def _pid_inside(pid: int) -> int:
    return int(status_of(psutil.Process(pid))["NSpid"].split()[-1])


def _pod() -> dict[str, Any]:
    """Return the pod of the Deployment, which is the first under kube/ by name."""
    manifest = min((ROOT / "kube").rglob("deployment.yaml"))
    pod = yaml.safe_load(manifest.read_text())["spec"]["template"]["spec"]
    assert isinstance(pod, dict)
    return pod


def _configuration(image: Image, pod: Mapping[str, Any]) -> dict[str, Any]:
    """Return runc's configuration for the first container of `pod`, volumes aside."""
    container = pod.get("containers", [{}])[0]
    context = {**pod.get("securityContext", {}), **container.get("securityContext", {})}
    uid, gid = (int(number) for number in image.config["User"].split(":"))
    variables = [
        f"{entry['name']}={entry['value']}" for entry in container.get("env", [])
    ]
    ports = ["PORT=@PORT@", "LIVECONFIG_ADMIN_PORT=@ADMIN_PORT@"]
    command = [*image.config.get("Entrypoint", []), *image.config["Cmd"]]
    linux: dict[str, Any] = {
        "namespaces": [{"type": kind} for kind in ("pid", "ipc", "uts", "mount")]
    }
    # Without a pod it is what `docker run` gives, but for its capabilities: fewer.
    if context.get("seccompProfile", {}).get("type", "RuntimeDefault") != "Unconfined":
        linux["seccomp"] = _seccomp()
    assert context.get("capabilities", {"drop": ["ALL"]}) == {"drop": ["ALL"]}
    return {
        "ociVersion": "1.0.0",
        "process": {
            "user": {
                "uid": context.get("runAsUser", uid),
                "gid": context.get("runAsGroup", gid),
            },
            "args": container.get("command", command) + container.get("args", []),
            "env": [*image.config["Env"], *variables, *ports],
            "cwd": image.config["WorkingDir"],
            "capabilities": {kind: [] for kind in _KINDS},
            "noNewPrivileges": not context.get("allowPrivilegeEscalation", True),
        },
        "root": {
            "path": str(image.root),
            "readonly": context.get("readOnlyRootFilesystem", False),
        },
        "mounts": list(_MOUNTS),
        "linux": linux,
    }


def _volumes(
    pod: Mapping[str, Any], bundle: Path, config_map: Path
) -> list[dict[str, Any]]:
    """Return the mounts of the container, with what the kubelet would make for them."""
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    mounts = []
    for mount in pod["containers"][0]["volumeMounts"]:
        volume = volumes[mount["name"]]
        if "configMap" in volume:
            source = config_map
        else:
            assert "emptyDir" in volume, f"no stand-in for a volume like {volume}"
            source = bundle / mount["name"]
            source.mkdir()
            source.chmod(0o777)
        mode = "ro" if mount.get("readOnly", False) else "rw"
        mounts.append(
            {
                "destination": mount["mountPath"],
                "type": "bind",
                "source": str(source),
                "options": ["rbind", "rprivate", mode],
            }
        )
    return mounts


def _seccomp() -> dict[str, Any]:
    """Return the runtime's default for a process without capabilities."""
    profile = json.loads(_SECCOMP.read_text())
    name, architecture = _MACHINES[platform.machine()]
    (further,) = (
        entry["subArchitectures"]
        for entry in profile["archMap"]
        if entry["architecture"] == architecture
    )
    rules = []
    for rule in profile["syscalls"]:
        only = rule["includes"]
        if only.get("caps") or name not in only.get("arches", [name]):
            continue
        keys = ("names", "action", "args", "errnoRet")
        rules.append({key: rule[key] for key in keys if rule.get(key) is not None})
    return {
        "defaultAction": profile["defaultAction"],
        "defaultErrnoRet": profile["defaultErrnoRet"],
        "architectures": [architecture, *further],
        "syscalls": rules,
    }
