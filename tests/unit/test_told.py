"""What the publisher tells of a config with secrets, and what is told of files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import falcon.testing
import msgspec
import pytest

from liveconfig.errors import (
    InvalidConfigError,
    ServiceUnavailableError,
    SourceUnavailableError,
    StartupError,
)
from liveconfig.memory.history import Entry, History
from liveconfig.memory.record import Publication, Writer
from liveconfig.memory.shared import SharedMemory, bind
from liveconfig.memory.status import PublisherStatus
from liveconfig.operators.admin import create_admin_app
from liveconfig.operators.status import status_document, status_tag
from liveconfig.publishing.log import Log, log
from liveconfig.publishing.outlets import Outlets
from liveconfig.publishing.publisher import Publisher
from liveconfig.publishing.releases import Live
from liveconfig.reading.document import Limits
from liveconfig.reading.loader import load
from liveconfig.reading.manifest import read_manifests
from liveconfig.reading.source import Source, SourceFile
from liveconfig.schema.schema import MASK, Schema, Secret
from liveconfig.sentences import of_config as sentences
from liveconfig.settings import Settings
from liveconfig.worker.manager import ConfigManager
from liveconfig.worker.snapshot import Snapshot
from liveconfig.worker.subscription import Taken


class Login(msgspec.Struct, frozen=True):
    """A part with a secret."""

    host: str = ""
    password: Secret = Secret("")


class Shop(msgspec.Struct, frozen=True):
    """A config with secrets."""

    message: str = ""
    db: Login = Login()
    tokens: Mapping[str, Secret] = {}
    limits: Mapping[str, int] = {}


class OpenLogin(msgspec.Struct, frozen=True):
    """The part, before its password was known as a secret."""

    host: str = ""
    password: str = ""


class OpenShop(msgspec.Struct, frozen=True):
    """The config, before its password was known as a secret."""

    message: str = ""
    db: OpenLogin = OpenLogin()
    limits: Mapping[str, int] = {}


class Stage:
    """A source and its publishers, one after the other."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.shared = SharedMemory.create(65_536)
        self._outlets: Outlets | None = None

    def publisher(self, class_: type[Any]) -> Publisher:
        """Start a publisher; the one before is over."""
        if self._outlets is not None:
            self._outlets.close()
        self._outlets = Outlets.attach(*map(os.dup, self.shared.descriptors))
        settings = Settings(path=str(self.path), payload_bytes_max=65_536)
        return Publisher(settings, Schema(class_), self._outlets)

    def told(self) -> bytes:
        """Return all that the status and the history hold."""
        records = (self.shared.status, self.shared.history)
        found = [record.read() for record in records]
        return b"".join(publication.payload for publication in found if publication)

    def status(self) -> PublisherStatus:
        """Return the status."""
        status = self.shared.publisher_status()
        assert status is not None
        return status

    def close(self) -> None:
        """Free everything."""
        if self._outlets is not None:
            self._outlets.close()
        self.shared.close()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A stage without a source yet."""
    stage = Stage(tmp_path / "config.yaml")
    yield stage
    stage.close()


@pytest.mark.parametrize(
    "text",
    [
        "db: {host: h, password:hunter2}",
        "db: {host: h, password hunter2}",
        "db: {host: h, password=hunter2}",
        "db: {host: h, hunter2}",
        "db: {host: h, ? hunter2}",
        "db:\n  host: h\n  hunter2: password",
        "hunter2: {a: 1}",
        "db: {password:hunter2, password:hunter2}",
        "db: {password:hunter2: [}",
        "db: {password:hunter2: *x}",
        "db: {password:hunter2: !x 1}",
        "db: {host: [hunter2: 1]}",
        "db: {hunter2: {host: 1}",
        "tokens: {a:hunter2}",
        "tokens: {hunter2}",
        "tokens: {hunter2: [}",
        "tokens: {a hunter2: 1}",
        "limits: {hunter2: x}",
        "limits: {a:hunter2}",
        "db: {password: hunter2: x}",
        "? {hunter2: 1}\n: 2",
        "db: &a {password: hunter2}\ntokens: *hunter2",
    ],
)
@pytest.mark.parametrize("name", ["config.yaml", "config.json"])
def test_key_made_of_a_secret_reaches_nobody(
    stage: Stage, caplog: pytest.LogCaptureFixture, text: str, name: str
) -> None:
    """One forgotten blank shows nothing: not in the log, the status or the history."""
    stage.path = stage.path.with_name(name)
    stage.path.write_text('{"message": "one"}')
    publisher = stage.publisher(Shop)
    publisher.refresh()
    stage.path.write_text(text)
    publisher.refresh()
    assert publisher.status.rejected or publisher.status.unknown_count
    assert "hunter2" not in caplog.text
    assert b"hunter2" not in stage.told()


def test_unknown_key_is_told_without_its_text(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """What stands around it is named, so that it can be found."""
    stage.path.write_text("db: {host: h, password:hunter2}\nlimits: {eu-west: 1}\n")
    publisher = stage.publisher(Shop)
    publisher.refresh()
    assert publisher.status.unknown_keys == (f"db.{MASK}",)
    assert f"the schema does not know db.{MASK}; check the spelling" in caplog.text
    stage.path.write_text("limits: {eu-west: 2}\n")
    publisher.refresh()
    assert "limits.eu-west" in publisher.status.changed_keys


@pytest.fixture
def reloaded(stage: Stage) -> Stage:
    """A stage on which a key has become a secret, as by a reload of the master."""
    publisher = stage.publisher(OpenShop)
    for text in ("hunter2", "hunter3", "[hunter4"):
        odd = "hunter5: 1\nlimits: {hunter6: 0100}\n"
        stage.path.write_text(f"db: {{password: {text}}}\n{odd}")
        publisher.refresh()
    assert all(f"hunter{n}".encode() in stage.told() for n in (2, 3, 4, 5, 6))
    assert "hunter6" in publisher.status.warnings[0]
    return stage


def _entries(stage: Stage) -> tuple[Entry, ...]:
    return History.read(stage.shared.history).entries


def test_key_that_becomes_a_secret_is_shown_no_more(reloaded: Stage) -> None:
    """The history keeps when something changed, and forgets what it showed."""
    before = _entries(reloaded)
    publisher = reloaded.publisher(Shop)
    assert b"hunter" not in publisher.status.to_bytes()
    publisher.refresh()
    assert b"hunter" not in reloaded.told()
    after = _entries(reloaded)[: len(before)]
    assert [(e.version, e.digest, e.changed_count) for e in after] == [
        (e.version, e.digest, e.changed_count) for e in before
    ]
    assert publisher.status.rejected is not None


def test_history_is_kept_where_the_same_keys_are_secret(reloaded: Stage) -> None:
    """A reload with the same secrets forgets nothing."""
    before = _entries(reloaded)
    reloaded.publisher(OpenShop).refresh()
    assert _entries(reloaded)[: len(before)] == before
    assert b"hunter3" in reloaded.told()


def test_new_worker_shows_nothing_of_before(reloaded: Stage) -> None:
    """Until the new publisher has told anew, a worker masks what it finds."""
    secrecy = Schema(Shop).key_names.secrecy
    snapshot = Snapshot(None, 1, "sha256:00")
    bind(reloaded.shared)
    try:
        open_, shown = (
            msgspec.json.encode(status_document(reloaded.shared, snapshot, None, each))
            for each in ("", secrecy)
        )
    finally:
        bind(None)
    assert b"hunter3" in open_
    assert b"hunter" not in shown
    tags = {status_tag(reloaded.shared, 1, each) for each in ("", secrecy)}
    assert len(tags) == 2


def test_old_etag_is_none_where_a_key_has_become_a_secret(stage: Stage) -> None:
    """The same config is sent again, masked, to whoever has it in clear."""
    packed = Schema(OpenShop).pack(OpenShop(db=OpenLogin("h", "hunter2")))
    writer = Writer(os.dup(stage.shared.config.descriptor))
    writer.publish(packed.payload)
    bind(stage.shared)
    try:
        clients = [
            falcon.testing.TestClient(create_admin_app(ConfigManager(class_)))
            for class_ in (OpenShop, Shop)
        ]
        before, after = (
            client.simulate_get("/config", host="localhost") for client in clients
        )
        known = {"If-None-Match": before.headers["etag"]}
        statuses = [
            client.simulate_get("/config", host="localhost", headers=known).status_code
            for client in clients
        ]
    finally:
        bind(None)
        writer.close()
    assert "hunter2" in before.text
    assert "hunter2" not in after.text
    assert before.headers["config-digest"] == after.headers["config-digest"]
    assert statuses == [304, 200]


def test_local_variables_of_a_traceback_show_no_payload(tmp_path: Path) -> None:
    """Whatever holds bytes or plain data of a config has a repr without them."""
    path = tmp_path / "c.yaml"
    path.write_text("db: {password: hunter2}\n")
    schema: Schema[Any] = Schema(Shop)
    reading = Source(str(path), 65_536).read()
    candidate = load(reading.files, schema, Limits())
    manifest = b"apiVersion: v1\nkind: ConfigMap\ndata:\n  c.yaml: 'a: hunter2'\n"
    snapshot = Snapshot(candidate.config, 1, candidate.digest)
    held = [
        reading,
        reading.files,
        candidate,
        schema.pack(candidate.config),
        Publication(1, candidate.payload, 1),
        Live(1, candidate.digest, "source", candidate.payload, candidate.config),
        snapshot,
        Taken(snapshot, candidate.payload),
        read_manifests([SourceFile("m.yaml", manifest)], Limits()),
    ]
    for each in held:
        assert "hunter2" not in repr(each)
        assert type(each) in (tuple, list) or not isinstance(each, (tuple, Mapping))


_FORGED = "c\n[INFO] liveconfig: version 9 is live\x1b[2J.yaml"


@pytest.mark.parametrize(
    "error",
    [
        InvalidConfigError(_FORGED, 1, 1, _FORGED, _FORGED),
        SourceUnavailableError(_FORGED, _FORGED),
        ServiceUnavailableError(_FORGED, _FORGED),
        StartupError(_FORGED),
    ],
)
def test_error_is_one_line(error: Exception) -> None:
    """A line break or an escape in the name of a file steers nothing."""
    assert str(error).isprintable()


def test_name_of_a_file_forges_no_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Every line of the publisher's log is one, whatever a file is called."""
    caplog.set_level("INFO")
    stage = Stage(tmp_path / _FORGED)
    for text in ("message: [", "message: a", "message: b\nlimit: 1", "message: ["):
        stage.path.write_text(text)
        stage.publisher(Shop).refresh()
    stage.path.unlink()
    stage.publisher(Shop).refresh()
    stage.close()
    messages = [record.getMessage() for record in caplog.records]
    assert {"rejected", "missing", "version"} <= {
        m.split()[0].rstrip(",") for m in messages
    }
    assert all(message.isprintable() for message in messages)


def test_odd_number_is_logged_once_and_shown_while_it_is_there(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """It is published as YAML says, and logged anew only when it is another one."""
    stage.path.write_text("limits: {a: 0100}\n")
    publisher = stage.publisher(OpenShop)
    publisher.refresh()
    assert f"{stage.path}:1:13: limits.a: read as 64 (octal): write 100" in caplog.text
    stage.path.write_text("limits: {a: 0100}\nmessage: b\n")
    publisher.refresh()
    assert caplog.text.count("octal") == 1
    stage.path.write_text("limits: {b: 22:22}\nmessage: b\n")
    publisher.refresh()
    assert caplog.text.count("base sixty") == 1
    (warning,) = publisher.status.warnings
    assert warning.startswith(f"{stage.path}:1:13: limits.b: read as 1342")
    publisher = stage.publisher(OpenShop)
    publisher.refresh()
    assert caplog.text.count("base sixty") == 1
    stage.path.write_text("limits: {b: 22}\n")
    publisher.refresh()
    assert publisher.status.warnings == ()


def test_line_of_the_log_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever is put into it, on either way out of the process."""
    sent: list[str] = []
    other = Log()
    for each in (log, other):
        if each is other:
            other.connect(lambda _, text: sent.append(text))
        each.write(sentences.FILE_MOUNT, _FORGED)
        each.write(sentences.ODD_VALUE, _FORGED)
    told = caplog.messages + sent
    assert len(told) == 4
    assert all(line.isprintable() for line in told)
