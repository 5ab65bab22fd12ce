"""
What reads what others wrote, each with what must hold of its answer.

Owns: the targets, and an answer to hold each against that was found in another way.
Must not know: how inputs are made, what an input may cost.
Runs in: the child that tries inputs.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec
import yaml

from liveconfig.command import cli
from liveconfig.errors import (
    CorruptRecordError,
    InvalidConfigError,
    StartupError,
    UnfitConfigError,
)
from liveconfig.memory.status import PublisherStatus
from liveconfig.publishing.cache import Cache
from liveconfig.reading import document, yaml_text
from liveconfig.reading.document import Limits
from liveconfig.reading.loader import Candidate, load
from liveconfig.reading.scalar import lines_of
from liveconfig.reading.source import SourceFile
from liveconfig.reference.settings import ServiceSettings
from liveconfig.schema.schema import Schema, changed_key_paths
from liveconfig.watch.mounts import is_single_file_mount
from tests.fuzz.campaign import Target
from tests.fuzz.memory import check_manager, check_record
from tests.fuzz.schema import Everything

# Small, so that the limits themselves are reached.
_LIMITS = Limits(bytes_max=100_000, depth_max=64, nodes_max=5_000)

# No refusal may quote this, which the corpus has in the place of values.
_SECRET = "S3cr3t-hunter2"

_SCHEMA = Schema(Everything)
_PLAIN: Schema[Any] = Schema.load("")
_CHECKER = cli.Checker(_SCHEMA, _LIMITS)


def _same(one: Any, other: Any) -> bool:
    """Tell whether two values are equal, types and all."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(
            _same(value, other[key]) for key, value in one.items()
        )
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def _way(problem: str) -> str:
    return re.sub(r"\d+", "#", problem)


def _kinds(value: Any, depth: int = 3) -> str:
    if not depth or not isinstance(value, (Mapping, list, tuple)):
        return type(value).__name__
    below = value.values() if isinstance(value, Mapping) else value
    kinds = sorted({_kinds(item, depth - 1) for item in below})
    return f"{type(value).__name__}{kinds}"


def _refused(error: InvalidConfigError, content: bytes) -> str:
    """A refusal is one line, stands inside the file and quotes no value."""
    sentence = str(error)
    # Of files that are all empty the folder is named.
    assert re.match(r"((c|\d+)\.(yaml|json)|\.):", sentence)
    assert sentence.isprintable(), f"not one line of text: {sentence!r}"
    assert len(sentence) < 1000
    assert 0 <= error.line <= len(content) + 1, sentence
    assert 0 <= error.column <= len(content) + 1, sentence
    assert _SECRET not in error.problem, sentence
    return f"refused: {_way(error.problem)}"


def _check_place(error: InvalidConfigError, content: bytes, path: str) -> None:
    text = content.decode(errors="replace")
    lines = lines_of(text, path.endswith(".json"))
    if error.line and any(line.strip() for line in lines):
        # A blank of another kind is something: it is what is wrong there.
        assert lines[error.line - 1].strip(" \t"), f"nothing stands there: {error}"


def _parsed(content: bytes, path: str) -> tuple[dict[str, Any] | None, str]:
    try:
        data = document.parse(content, path, _LIMITS)
    except InvalidConfigError as error:
        _check_place(error, content, path)
        return None, _refused(error, content)
    if data is None:
        return None, "nothing"
    # Every text can be written again, and no limit was passed.
    json.dumps(data, default=str, ensure_ascii=False).encode()
    nodes = list(_nodes(data))
    assert len(nodes) <= _LIMITS.nodes_max
    letters = sum(len(node) for node in nodes if isinstance(node, str))
    assert letters <= _LIMITS.bytes_max
    return data, _kinds(data)


def _nodes(value: Any, depth: int = 0) -> Iterator[Any]:
    assert depth <= _LIMITS.depth_max
    yield value
    if isinstance(value, dict):
        yield from value
    if isinstance(value, (dict, list)):
        for below in value.values() if isinstance(value, dict) else value:
            yield from _nodes(below, depth + 1)


def check_yaml(content: bytes, place: Path) -> str:
    """What is read means what PyYAML's own loader makes of it."""
    data, outcome = _parsed(content, "c.yaml")
    if data is not None:
        # It takes no anchor twice, and << as a key alone.
        with contextlib.suppress(yaml.YAMLError):
            content = content.removeprefix(BOM_UTF8)
            theirs = yaml.load(content, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
            assert _same(data, theirs), (data, theirs)
    return outcome


def check_pure(content: bytes, place: Path) -> str:
    """Both parsers of YAML read the same, where both read it."""
    data, outcome = _parsed(content, "c.yaml")
    with mock.patch.object(yaml_text, "_YamlParser", yaml_text.PureParser):
        other, other_outcome = _parsed(content, "c.yaml")
    if data is not None and other is not None:
        assert _same(data, other), (data, other)
        return outcome
    return f"{outcome} / {other_outcome}"


def check_json(content: bytes, place: Path) -> str:
    """What is read is what Python's own reader makes of it, and nothing more is."""
    data, outcome = _parsed(content, "c.json")
    if data is not None:
        text = content.decode("utf-8-sig")
        theirs = json.loads(text, object_pairs_hook=_without_duplicates)
        assert _same(data, theirs), (data, theirs)
    return outcome


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    assert len(dict(pairs)) == len(pairs), "a key is there twice"
    return dict(pairs)


def _files(content: bytes) -> tuple[SourceFile, ...]:
    pieces = re.split(rb"\n%%(file|json)\n", content)
    endings = ["yaml", *(kind.decode() for kind in pieces[1::2])]
    return tuple(
        SourceFile(f"{number}.{ending.replace('file', 'yaml')}", piece)
        for number, (ending, piece) in enumerate(zip(endings, pieces[::2], strict=True))
    )


def check_load(schema: Schema[Any], content: bytes, place: Path) -> str:
    """A config that is taken survives all that happens to it afterwards."""
    files = _files(content)
    try:
        candidate = load(files, schema, _LIMITS)
    except InvalidConfigError as error:
        return _refused(error, content)
    digest, config = schema.unpack(candidate.payload)
    again = schema.pack(config)
    assert digest == candidate.digest == again.digest
    assert again.payload == candidate.payload
    msgspec.json.encode(schema.masked(config))
    _check_changes(schema, candidate)
    unknown_keys = schema.unknown_keys(candidate.data)
    return f"{_kinds(schema.masked(config))} {len(unknown_keys)}"


def _check_changes(schema: Schema[Any], candidate: Candidate[Any]) -> None:
    first = load((SourceFile("c.yaml", b"message: m\n"),), schema, _LIMITS)
    changed = changed_key_paths(first.payload, candidate.payload)
    assert bool(changed) == (first.digest != candidate.digest), changed


def check_cli(content: bytes, place: Path) -> str:
    """`liveconfig check` says of any file that it is good or bad, and how."""
    path = place / "c.yaml"
    path.write_bytes(content)
    # As strict as a terminal's or a pipe's.
    output, errors = (
        io.TextIOWrapper(io.BytesIO(), "utf-8", "strict", write_through=True)
        for _ in range(2)
    )
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        status = cli.check(_CHECKER, [str(path)], is_strict=False)
    said = [stream.buffer.getvalue().decode() for stream in (output, errors)]
    assert status in (0, 1)
    assert said[status], said
    for line in "".join(said).split("\n"):
        assert not line or line.isprintable(), f"not one line of text: {line!r}"
        assert line.startswith((str(path), "warning: ")) or not line, said
    return f"{status} {_way(re.sub(r'.*: ', '', said[1]))}"


def check_payload(content: bytes, place: Path) -> str:
    """Bytes in the record are a config, or damage that the manager knows."""
    outcome = ""
    for schema in (_SCHEMA, _PLAIN):
        try:
            digest, config = schema.unpack(content)
        except (CorruptRecordError, UnfitConfigError):
            outcome += "corrupt "
        else:
            assert re.fullmatch("sha256:[0-9a-f]*", digest)
            outcome += f"{type(config).__name__} "
    return outcome


def check_status(content: bytes, place: Path) -> str:
    """Bytes in the second record are a status, or refused in the way that is said."""
    try:
        status = PublisherStatus.from_bytes(content)
    except CorruptRecordError as error:
        return f"refused: {_way(str(error.__cause__))}"
    assert PublisherStatus.from_bytes(status.to_bytes()) == status or "nan" in repr(
        status
    )
    return _kinds(msgspec.to_builtins(status))


_OLDER = b"the one before"
_CACHE_HEAD = len(b"liveconfig cache 2\n") + 32


def check_cache(content: bytes, place: Path) -> str:
    """A file that is not whole is noticed, and the one before it is taken."""
    cache = Cache(str(place), "/etc/config/config.yaml", "", 1024 * 1024)
    (place / "last-good").unlink(missing_ok=True)
    cache.store(_OLDER)
    (place / "last-good").rename(place / "last-good.before")
    older = (place / "last-good.before").read_bytes()
    start = older.index(sha256(older[_CACHE_HEAD:]).digest())
    names = older[_CACHE_HEAD : -len(_OLDER)]
    body = content[_CACHE_HEAD:]
    is_whole = content == older[:start] + sha256(body).digest() + body
    is_own = is_whole and body.startswith(names)
    (place / "last-good").write_bytes(content)
    found, problems = cache.load()
    payload = body[len(names) :]
    assert found == (payload if is_own else _OLDER)
    assert len(problems) == (not is_own)
    (place / "last-good.before").unlink()
    assert cache.load()[0] == (payload if is_own else None)
    return "own" if is_own else "whole" if is_whole else "damaged"


def check_mounts(content: bytes, place: Path) -> str:
    """A row that the kernel wrote is found among any others."""
    table = content.decode(errors="surrogateescape")
    path = "/etc/with space/config.yaml"
    row = "1 2 0:1 / /etc/with\\040space/config.yaml rw - tmpfs x rw"
    alone = is_single_file_mount(path, table)
    assert is_single_file_mount(path, f"{table}\n{row}\n")
    assert is_single_file_mount(path, f"{row}\n{table}")
    assert not is_single_file_mount(str(place), table)
    return f"{alone} {min(table.count(chr(10)), 5)}"


# What each number may be, said once more.
_NUMBERS = {
    "port": (1, 65_535),
    "admin_port": (1, 65_535),
    "settle_ms": (0, 60_000),
    "poll_seconds": (1, 86_400),
    "payload_bytes_max": (1024, 1024**3),
}


def check_settings(content: bytes, place: Path) -> str:
    """Any environment gives settings within their limits, or one sentence."""
    lines = content.decode(errors="surrogateescape").split("\n")
    environ = {
        name: value for name, _, value in (line.partition("=") for line in lines)
    }
    try:
        settings = ServiceSettings.from_environ(environ)
    except StartupError as error:
        sentence = str(error)
        assert sentence.isprintable(), f"not one line of text: {sentence!r}"
        return f"refused: {_way(re.sub('is .*: it', '', sentence))}"
    for name, (least, most) in _NUMBERS.items():
        assert least <= getattr(settings, name) <= most, name
    assert settings.port != settings.admin_port
    assert settings.on_missing in ("fail", "defaults", "wait")
    assert all(vars(settings)[name] for name in ("path", "host", "admin_host"))
    return f"{settings == ServiceSettings()} {settings.port} {settings.on_missing}"


TARGETS: Mapping[str, Target] = {
    target.name: target
    for target in (
        Target("yaml", ("yaml",), check_yaml, ("yaml",)),
        Target("pure", ("yaml",), check_pure, ("yaml",)),
        Target("json", ("json",), check_json, ("json",)),
        Target("load", ("yaml",), partial(check_load, _SCHEMA), ("yaml", "json")),
        Target("mapping", ("yaml",), partial(check_load, _PLAIN), ("yaml",)),
        Target("check", ("manifest", "yaml"), check_cli, ("manifest", "yaml")),
        Target("record", ("record",), check_record),
        Target("manager", ("record",), check_manager),
        Target("payload", ("payload",), check_payload),
        Target("status", ("status",), check_status),
        Target("cache", ("cache",), check_cache),
        Target("mounts", ("mounts",), check_mounts),
        Target("settings", ("settings",), check_settings, ("settings",)),
    )
}
