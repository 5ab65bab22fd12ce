"""
The container image, built for real on a stand-in for its base.

Owns: what that takes of a machine, the stand-in, the store, what is in the image.
Must not know: how the image is run.
Runs in: the test process; mmdebstrap, make and buildah as its children.

The base is not to be had everywhere, and Debian's packages are: the stand-in is made of
them, of the release and with the Python that python:3.13-slim has, and without bytecode
as that is. It is kept in build/, as it takes a minute or two.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_TOOLS = ("buildah", "make", "mmdebstrap", "runc")
_REFERENCE = "liveconfig:under-test"

_PACKAGES = "ca-certificates,python-is-python3,python3,python3-venv"
_STAND_IN = (
    "mmdebstrap",
    "--variant=minbase",
    f"--include={_PACKAGES}",
    *(f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("doc", "man")),
    '--customize-hook=find "$1/usr" -name __pycache__ -prune -exec rm -r {} +',
    "trixie",
)
# What of pip's configuration says where packages come from, and how they are reached.
_PIP_OPTIONS = {
    "cert",
    "client-cert",
    "extra-index-url",
    "find-links",
    "index-url",
    "proxy",
    "timeout",
    "trusted-host",
}


def hindrance() -> str:
    """Return in one sentence why no image can be built here, "" if it can."""
    missing = [name for name in _TOOLS if shutil.which(name) is None]
    if missing:
        return f"no {', '.join(missing)} here: `make image-test` installs it as root"
    if os.geteuid() != 0:
        return "only root can make a stand-in for the base image, and run it like a pod"
    return ""


class Image:
    """
    The image as it was built.

    Attributes:
        config: what it says of the process that it starts, as OCI names it.
        layers: the packed layers, the lowest first.
        root: its root file system, mounted.
    """

    def __init__(self, store: Store) -> None:
        """Read and mount the image of `store`."""
        self._store = store
        inspected = json.loads(store.buildah("inspect", "--type=image", _REFERENCE))
        self.config: Mapping[str, Any] = inspected["OCIv1"]["config"]
        self.layers = store.exported_layers()
        self.root = self.copy()

    def copy(self) -> Path:
        """Return another root file system of it, which may be written."""
        container = self._store.buildah("from", "--pull-never", _REFERENCE)
        return Path(self._store.buildah("mount", container))

    def added(self) -> list[tarfile.TarInfo]:
        """Return what the last layer holds."""
        with tarfile.open(self.layers[-1]) as packed:
            return packed.getmembers()


class Store:
    """Images and containers of the test alone, in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        """Make an empty store in `directory`."""
        self._directory = directory
        storage = directory / "storage.conf"
        # vfs copies where overlay would mount: slower, and possible everywhere.
        storage.write_text(
            '[storage]\ndriver = "vfs"\n'
            f'graphroot = "{directory}/graph"\nrunroot = "{directory}/run"\n'
        )
        self.environ = {
            **{name: os.environ[name] for name in ("PATH", "HOME")},
            "CONTAINERS_STORAGE_CONF": str(storage),
            "BUILDAH_ISOLATION": "chroot",
        }

    def buildah(self, *arguments: str) -> str:
        """Run buildah on this store and return what it prints."""
        return _run(["buildah", *arguments], self.environ)

    def take_stand_in(self) -> None:
        """Have the Dockerfile's base be what Debian's packages make of it."""
        (base,) = set(re.findall(r"(?m)^FROM (\S+)", (ROOT / "Dockerfile").read_text()))
        container = self.buildah("from", "scratch")
        self.buildah("add", container, str(_stand_in()), "/")
        self.buildah("config", "--cmd=python3", container)
        self.buildah("commit", "--quiet", "--rm", container, base)

    def build(self) -> Image:
        """Build the image as `make image` does everywhere, and return it."""
        arguments = ["--pull-never", *_pip_volumes(self._directory)]
        make = ["make", "image", "BUILDER=buildah", f"IMAGE={_REFERENCE}"]
        _run([*make, f"ARGS={' '.join(arguments)}"], self.environ)
        return Image(self)

    def exported_layers(self) -> list[Path]:
        """Pack the image as a registry gets it, and return the layers in order."""
        target = self._directory / "exported"
        self.buildah("push", "--quiet", _REFERENCE, f"oci:{target}")
        (entry,) = json.loads((target / "index.json").read_text())["manifests"]
        manifest = json.loads(_blob(target, entry["digest"]).read_text())
        return [_blob(target, layer["digest"]) for layer in manifest["layers"]]

    def clear(self) -> None:
        """Unmount everything and delete it."""
        self.buildah("umount", "--all")
        shutil.rmtree(self._directory)


@contextmanager
def built_image(directory: Path) -> Iterator[Image]:
    """Give the image, built in `directory`, which is gone afterwards."""
    store = Store(directory)
    try:
        store.take_stand_in()
        yield store.build()
    finally:
        store.clear()


def _stand_in() -> Path:
    recipe = hashlib.sha256("\n".join(_STAND_IN).encode()).hexdigest()
    packed = ROOT / "build" / f"stand-in-{recipe[:12]}.tar"
    if not packed.exists():
        packed.parent.mkdir(exist_ok=True)
        partial = packed.with_suffix(".partial.tar")
        _run([*_STAND_IN, str(partial)], os.environ)
        partial.rename(packed)
    return packed


def _pip_volumes(directory: Path) -> Iterator[str]:
    """
    Yield what lets the build use pip as it is set up here, as options of buildah.

    A configuration with the same options is mounted in it, and each local path that
    those name: a certificate, a directory of wheels.
    """
    options: dict[str, str] = {}
    listed = _run([sys.executable, "-m", "pip", "config", "list"], os.environ)
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        options[name.rpartition(".")[2]] = ast.literal_eval(value)
    kept = {name: options[name] for name in sorted(_PIP_OPTIONS & options.keys())}
    configuration = directory / "pip.conf"
    lines = [f"{name} = {' '.join(value.split())}" for name, value in kept.items()]
    configuration.write_text("\n".join(["[global]", *lines, ""]))
    yield f"--volume={configuration}:/etc/pip.conf:ro"
    for place in sorted(_places(kept)):
        if place.startswith("/") and Path(place).exists():
            yield f"--volume={place}:{place}:ro"


def _places(options: Mapping[str, str]) -> set[str]:
    """Return what options of pip name, and may be paths of this machine."""
    return {
        # The links of an index lead to files that lie beside it.
        os.path.dirname(word.rstrip("/")) if name.endswith("index-url") else word
        for name, value in options.items()
        for word in value.replace("file://", "").split()
    }


def _blob(layout: Path, digest: str) -> Path:
    return layout / "blobs" / digest.replace(":", "/")


def _run(command: Sequence[str], environ: Mapping[str, str]) -> str:
    done = subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout.strip()
