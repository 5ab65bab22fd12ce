"""The image, built once for all tests, and its containers, ended whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.image import Image, built_image, hindrance
from tests.support.pod import Pod, trial
from tests.support.volume import ConfigMapVolume

StartPod = Callable[..., Pod]


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    """The image, as `make image` builds it."""
    if reason := hindrance():
        pytest.skip(reason)
    with built_image(tmp_path_factory.mktemp("store")) as image:
        yield image


@pytest.fixture(scope="session")
def is_runnable(image: Image, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Leave the test out where the kernel gives no container."""
    if reason := trial(image, tmp_path_factory.mktemp("trial")):
        pytest.skip(f"runc cannot start a container here: {reason}")


@pytest.fixture
def start_pod(image: Image, is_runnable: None, tmp_path: Path) -> Iterator[StartPod]:
    """A function that starts a container and waits until it is ready."""
    pods: list[Pod] = []

    def start(volume: ConfigMapVolume | None, **options: Any) -> Pod:
        config_map = volume.directory if volume else None
        pods.append(Pod(image, tmp_path, config_map, **options))
        return pods[-1].wait_until_ready()

    yield start
    for pod in pods:
        pod.stop()


@pytest.fixture
def volume(tmp_path: Path) -> ConfigMapVolume:
    """A ConfigMap volume with the service's config."""
    return ConfigMapVolume(tmp_path / "volume", {"config.yaml": "message: one\n"})
