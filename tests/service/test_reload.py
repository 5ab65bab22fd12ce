"""Reloads of gunicorn, with code and settings that fit and that do not."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.support.eventually import eventually
from tests.support.load import Load
from tests.support.server import Server, is_publisher, python_path
from tests.support.volume import ConfigMapVolume

_APP = """\
from liveconfig import ConfigManager
from liveconfig.operators.admin import create_admin_app
from liveconfig.wsgi import by_port
from liveconfig.settings import Settings

from shop_config import ShopConfig

manager = ConfigManager(ShopConfig)


def shop(environ, start_response):
    snapshot = manager.snapshot()
    body = str(snapshot.config.message).encode()
    headers = [("Content-Length", str(len(body)))]
    headers.append(("config-version", str(snapshot.version)))
    headers.append(("config-digest", snapshot.digest))
    start_response("200 OK", headers)
    return [body]


app = by_port(shop, {Settings.from_environ().admin_port: create_admin_app(manager)})
"""

_SCHEMA = """\
import msgspec


class ShopConfig(msgspec.Struct, frozen=True):
    message: {type}
"""

_CONF = """\
from liveconfig.gunicorn import *

wsgi_app = "shop_app:app"
control_socket_disable = True
raw_env = ["LIVECONFIG_SCHEMA=shop_config:ShopConfig"]
"""


class Shop:
    """A service in a folder of its own, whose code can be changed while it runs."""

    def __init__(self, directory: Path, volume: ConfigMapVolume) -> None:
        self.directory = directory
        self._volume = volume
        self.write("shop_app.py", _APP)
        self.write("shop.conf.py", _CONF)
        self.give_type("str")

    def write(self, name: str, text: str) -> None:
        """Write a file of the service, anew if need be."""
        (self.directory / name).write_text(text)

    def give_type(self, type_: str) -> None:
        """Make this the type of the message."""
        self.write("shop_config.py", _SCHEMA.format(type=type_))

    @contextlib.contextmanager
    def served(self, *arguments: str) -> Iterator[Server]:
        """Run it."""
        server = Server(
            self._volume.path("config.yaml"),
            self.directory,
            arguments=arguments,
            environ={
                "PYTHONPATH": python_path(self.directory),
                # A file that is written twice within a second is another one.
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            config_file=self.directory / "shop.conf.py",
        )
        try:
            server.wait_until_ready("/")
            # Each has imported the code as it is before that is changed.
            server.wait_until_all_serve("one")
            yield server
        finally:
            server.stop()


def _gated(gate: Path) -> str:
    """Return a schema that a publisher imports only when there is a file `gate`."""
    return (
        "import os, sys, time\n\n"
        'while "liveconfig.publishing" in " ".join(sys.orig_argv):\n'
        f"    if os.path.exists({str(gate)!r}):\n"
        "        break\n"
        "    time.sleep(0.05)\n"
    ) + _SCHEMA.format(type="str")


def _publishers(server: Server) -> set[psutil.Process]:
    return {child for child in server.master.children() if is_publisher(child)}


@pytest.fixture
def shop(tmp_path: Path, volume: ConfigMapVolume) -> Shop:
    """A service that is not started yet."""
    return Shop(tmp_path, volume)


def test_reload_with_a_class_that_does_not_fit_keeps_the_old_workers(
    shop: Shop, volume: ConfigMapVolume
) -> None:
    """No request fails, the log names the key, and edits are taken as before."""
    with shop.served() as server:
        workers, publisher = server.worker_pids, server.publisher
        shop.give_type("int")
        with Load(server) as load:
            server.signal(signal.SIGHUP)
            line = server.wait_for_line("nothing is reloaded, the workers serve on")
            assert "message: expected a whole number, found text" in line
            volume.flip({"config.yaml": "message: two\n"})
            eventually(lambda: server.get().text == "two")
        assert load.problems == []
        assert server.worker_pids == workers
        assert server.publisher == publisher
        server.wait_until_all_serve("two")
        shop.give_type("str")
        server.signal(signal.SIGHUP)
        eventually(lambda: len(server.worker_pids - workers) == 2)
        server.wait_until_all_serve("two")


def test_reload_with_the_class_that_a_rejected_source_was_made_for(
    shop: Shop, volume: ConfigMapVolume
) -> None:
    """Class and config that go together go live together, without a failed request."""
    with shop.served() as server:
        volume.flip({"config.yaml": "message: 42\n"})
        server.wait_for_line("rejected, version 1 stays")
        workers = server.worker_pids
        shop.give_type("int")
        with Load(server) as load:
            server.signal(signal.SIGHUP)
            eventually(lambda: server.get().text == "42")
            eventually(lambda: not workers & server.worker_pids)
        assert load.problems == []
        server.wait_until_all_serve("42")
        eventually(lambda: server.status()["converged"])


def test_master_goes_on_while_a_schema_takes_its_time(
    shop: Shop, volume: ConfigMapVolume
) -> None:
    """A worker that dies is replaced, and TTIN heard, before the import is over."""
    with shop.served() as server:
        gate = shop.directory / "gate"
        shop.write("shop_config.py", _gated(gate))
        workers = server.worker_pids
        server.signal(signal.SIGHUP)
        server.wait_for_line("before the reload, its config is tried")
        server.signal(signal.SIGTTIN)
        eventually(lambda: len(server.worker_pids) == 3)
        volume.flip({"config.yaml": "message: two\n"})
        server.wait_for_line("version 2 is live")
        assert workers <= server.worker_pids
        gate.touch()
        eventually(lambda: not workers & server.worker_pids)
        server.wait_until_all_serve("two")


def test_reload_tries_what_the_config_file_of_gunicorn_says_now(
    shop: Shop, tmp_path: Path
) -> None:
    """Another source that it names is what is read, and served afterwards."""
    other = tmp_path / "other.yaml"
    other.write_text("message: other\n")
    with shop.served() as server:
        shop.write("shop.conf.py", f"{_CONF}raw_env += ['LIVECONFIG_PATH={other}']\n")
        server.signal(signal.SIGHUP)
        eventually(lambda: server.get().text == "other")
        server.wait_until_all_serve("other")
        assert server.status()["source"]["path"] == str(other)


def test_reload_with_a_broken_config_file_of_gunicorn_keeps_everything(
    shop: Shop,
) -> None:
    """The master, which would have ended, says so, and the workers serve on."""
    with shop.served() as server:
        workers, publisher = server.worker_pids, server.publisher
        shop.write("shop.conf.py", "workers = \n")
        server.signal(signal.SIGHUP)
        server.wait_for_line("nothing is reloaded, .*its own config file")
        assert server.get().text == "one"
        assert (server.worker_pids, server.publisher) == (workers, publisher)


def test_reload_whose_publisher_is_killed_is_tried_again(shop: Shop) -> None:
    """A new publisher that dies on the way holds up a reload, and does not undo it."""
    with shop.served() as server:
        workers, publisher = server.worker_pids, server.publisher
        gate = shop.directory / "gate"
        shop.write("shop_config.py", _gated(gate))
        server.signal(signal.SIGHUP)
        eventually(lambda: len(_publishers(server)) == 2)
        (successor,) = _publishers(server) - {publisher}
        successor.kill()
        server.wait_for_line("the reload is tried again")
        gate.touch()
        eventually(lambda: not workers & server.worker_pids)
        server.wait_until_all_serve("one")


def test_reload_while_another_is_tried_is_one_reload(shop: Shop) -> None:
    """The last of several signals is what counts, and nothing is left of the others."""
    with shop.served() as server:
        workers = server.worker_pids
        for _ in range(3):
            server.signal(signal.SIGHUP)
        eventually(lambda: not workers & server.worker_pids)
        server.wait_until_all_serve("one")
        eventually(lambda: len(_publishers(server)) == 1)
        assert len(server.worker_pids) == 2


def test_reloader_of_gunicorn_brings_the_publisher_the_new_code(
    shop: Shop, volume: ConfigMapVolume
) -> None:
    """With `--reload` an edited class is what the next config is validated with."""
    with shop.served("--reload") as server:
        publisher = server.publisher
        shop.give_type("int")
        eventually(lambda: server.publisher not in (publisher, None))
        volume.flip({"config.yaml": "message: 42\n"})
        # Workers of the old code, which have not noticed yet, have what they had.
        eventually(lambda: {server.get().text for _ in range(20)} == {"42"})
        server.wait_until_all_serve("42")
