"""
The configs of a path, and what came of each.

Owns: what counts as a config there: a file, a directory, the files in manifests.
Must not know: how anything is checked, which is what the publisher does; the output.
Runs in: the CLI.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from liveconfig.command.inputs import STDIN, read_input
from liveconfig.errors import InvalidConfigError, StartupError, printable
from liveconfig.masking.secret import MASK
from liveconfig.reading.against import Before, refusals
from liveconfig.reading.document import Limits
from liveconfig.reading.loader import Candidate, all_located, load, warnings
from liveconfig.reading.manifest import (
    ManifestFile,
    ManifestObject,
    Manifests,
    read_manifests,
)
from liveconfig.reading.source import SUFFIXES, Source, SourceFile
from liveconfig.schema.guards import Guards
from liveconfig.schema.schema import Schema

# More than a whole release; each config in it has its own limit.
_MANIFEST_BYTES_MAX = 64 * 1024 * 1024

NO_CONFIG = (
    "no ConfigMap or Secret with a config is in it, so nothing was checked: to check "
    "what a tool makes of it, as in `kubectl kustomize DIR | liveconfig check -`"
)
NO_KEY = f"no key ends in {', '.join(SUFFIXES)}: name one so, or name it with --key"


@dataclass(frozen=True, repr=False)
class Checked:
    """
    One config and what came of it, or what there is to say of none.

    Attributes:
        name: what it is called in the output.
        candidate: the good config, None if it is bad or none.
        problems: what is wrong with it; of a good one, what its author should know.
        files: what it is made of.
        secrets: those of the files that a Secret holds.
        notes: what was passed over, in whole lines.
    """

    name: str
    candidate: Candidate[Any] | None = None
    problems: tuple[InvalidConfigError, ...] = ()
    files: tuple[SourceFile, ...] = ()
    secrets: tuple[SourceFile, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_config(self) -> bool:
        """Whether anything was checked."""
        return self.candidate is not None or bool(self.problems)


class Checker:
    """Check configs as the service would."""

    def __init__(
        self,
        schema: Schema[Any],
        limits: Limits,
        keys: Sequence[str] = (),
        *,
        is_merged: bool = False,
    ) -> None:
        """
        Check with `schema`, within `limits`.

        Args:
            schema: what each config must fit.
            limits: what each may cost.
            keys: which keys of ConfigMaps and Secrets are configs, () for those that
                are named like one.
            is_merged: whether all that is given are the layers of one config.
        """
        self.schema = schema
        self._limits = limits
        self._keys = keys
        self.is_merged = is_merged
        self._against: tuple[Before, Guards] | None = None

    def compare_with(self, before: Before, guards: Guards) -> None:
        """Refuse from now on what is further from a config than its limits allow."""
        self._against = before, guards

    @property
    def is_comparing(self) -> bool:
        """Whether each config is compared with another, which one alone can be."""
        return self._against is not None

    def check(self, *paths: str) -> Iterator[Checked]:
        """
        Yield each config that is found at the paths; merged, the one of all.

        Raises:
            SourceUnavailableError: there is nothing.
            InvalidConfigError: it is too large, or not what the options take; what was
                yielded before holds.
        """
        if self.is_merged:
            yield self._merged(paths)
            return
        for path in paths:
            files, manifests = self._read(path)
            if manifests is None:
                yield self._checked(_name(path), files)
            else:
                yield from self._of_manifests(_name(path), manifests)

    def good(self, path: str) -> list[tuple[Checked, Candidate[Any]]]:
        """
        Return each config at `path` with its candidate, at least one.

        Raises:
            SourceUnavailableError: there is nothing.
            InvalidConfigError: the first that is bad, or there is none; those behind it
                were not checked.
        """
        found = []
        for checked in self.check(path):
            if checked.candidate is not None:
                found.append((checked, checked.candidate))
            elif checked.problems:
                raise checked.problems[0]
        if not found:
            raise InvalidConfigError(_name(path), 0, 0, "", NO_CONFIG)
        return found

    def only(self, path: str, but: str) -> tuple[Checked, Candidate[Any]]:
        """
        Return the one config at `path` with its candidate.

        Raises:
            SourceUnavailableError, InvalidConfigError: as of `good`.
            StartupError: there are several; `but` says before their names what to do.
        """
        one, *more = found = self.good(path)
        if more:
            names = ", ".join(checked.name for checked, _ in found)
            raise StartupError(f"{path} holds {len(found)} configs{but} {names}")
        return one

    def shown(self, checked: Checked, candidate: Candidate[Any]) -> Any:
        """Return the effective config for a reader: masked is all that is secret."""
        shown = self.schema.masked(candidate.config)
        for file in checked.secrets:
            shown = _veiled(shown, candidate.documents[file])
        return shown

    def _read(self, path: str) -> tuple[tuple[SourceFile, ...], Manifests | None]:
        bytes_max = max(self._limits.bytes_max, _MANIFEST_BYTES_MAX)
        files = read_input(path, bytes_max)
        manifests = None
        # A config may have such a key of its own.
        if "apiVersion" not in self.schema.key_names.own:
            limits = replace(self._limits, bytes_max=bytes_max)
            manifests = read_manifests(files, limits, self._keys)
        if manifests is None and self._keys:
            problem = "--key takes a key of a Kubernetes manifest, and this is none"
            raise InvalidConfigError(_name(path), 0, 0, "", problem)
        if manifests is None and os.path.isdir(path):
            # For its own words where all of them together are too large.
            files = Source(path, self._limits.bytes_max).read().files
        return files, manifests

    def _of_manifests(self, name: str, manifests: Manifests) -> Iterator[Checked]:
        problems = (*manifests.errors, *self._missing(name, manifests))
        if problems:
            yield Checked(name, problems=problems)
        names = Counter(f.name for each in manifests.objects for f in each.files)
        for each in manifests.objects:
            yield from self._of_object(each, names)
        yield Checked(name, notes=tuple(f"{name}: {n}" for n in manifests.notes()))

    def _missing(self, name: str, found: Manifests) -> Iterator[InvalidConfigError]:
        keys = {file.keys[-1] for each in found.objects for file in each.files}
        for key in self._keys:
            if key not in keys:
                problem = "no ConfigMap or Secret here has this key: look at --key"
                yield InvalidConfigError(name, 0, 0, key, problem)
        is_bad = found.errors or any(each.errors for each in found.objects)
        if found.objects and not (keys or self._keys or is_bad):
            yield InvalidConfigError(name, 0, 0, "data", NO_KEY)

    def _of_object(
        self, each: ManifestObject, names: Mapping[str, int]
    ) -> Iterator[Checked]:
        parts = [
            self._part(file, f"{each.name}: " if names[file.name] > 1 else "")
            for file in each.files
        ]
        warnings = tuple(each.warnings)
        if each.errors:
            problems = [*each.errors]
            for part in parts:
                problems += part.problems if part.candidate is None else ()
            yield Checked(each.name, problems=tuple(problems))
            return
        for part in parts:
            if part.candidate is not None:
                part = replace(part, problems=(*warnings, *part.problems))
                warnings = ()
            yield part
        if warnings:
            yield Checked(
                each.name, notes=tuple(f"warning: {error}" for error in warnings)
            )

    def _part(self, file: ManifestFile, of: str) -> Checked:
        name = f"{file.path}: {of}{printable(file.name)}"
        return self._of_files(name, {SourceFile(file.name, file.content): file})

    def _merged(self, paths: Sequence[str]) -> Checked:
        """Check all that is given as the layers of one directory, in name order."""
        found: list[tuple[SourceFile, ManifestFile | None]] = []
        problems: list[InvalidConfigError] = []
        warnings: list[InvalidConfigError] = []
        notes: list[str] = []
        for path in paths:
            files, manifests = self._read(path)
            if manifests is None:
                found += [(file, None) for file in files]
                continue
            problems += [*manifests.errors, *self._missing(_name(path), manifests)]
            notes += (f"{_name(path)}: {note}" for note in manifests.notes())
            for each in manifests.objects:
                problems += each.errors
                warnings += each.warnings
                for part in each.files:
                    found.append((SourceFile(part.name, part.content), part))
        found.sort(key=lambda pair: os.path.basename(pair[0].path))
        problems += _twice(found)
        name = " + ".join(map(_name, paths))
        if problems or not found:
            none = InvalidConfigError(name, 0, 0, "", NO_CONFIG)
            return Checked(
                name, problems=tuple(problems) or (none,), notes=tuple(notes)
            )
        checked = self._of_files(name, dict(found))
        if checked.candidate is not None:
            checked = replace(checked, problems=(*warnings, *checked.problems))
        return replace(checked, notes=tuple(notes))

    def _of_files(
        self, name: str, parts: Mapping[SourceFile, ManifestFile | None]
    ) -> Checked:
        """Check one config that is made of files, of which some are in manifests."""
        checked = self._checked(name, tuple(parts))
        by_path = {file.path: part for file, part in parts.items()}
        return replace(
            checked,
            problems=tuple(
                _placed(error, by_path.get(error.path), self.schema.key_names.own)
                for error in checked.problems
            ),
            secrets=tuple(
                file for file, part in parts.items() if part and part.kind == "Secret"
            ),
        )

    def _checked(self, name: str, files: tuple[SourceFile, ...]) -> Checked:
        try:
            candidate = load(files, self.schema, self._limits)
        except InvalidConfigError as error:
            return Checked(name, None, (error,), files)
        if self._against is not None:
            too_far = tuple(refusals(candidate, *self._against, self.schema))
            if too_far:
                return Checked(name, None, too_far, files)
        problem = "the schema does not know this key: check the spelling"
        ways = self.schema.unknown_keys(candidate.data)
        unknown = all_located(
            ways, problem, files, named=self.schema.key_names.of_unknown
        )
        odd = warnings(files, self.schema.key_names, frozenset(ways))
        return Checked(name, candidate, (*unknown, *odd), files)


def _name(path: str) -> str:
    return "stdin" if path == STDIN else path


def _twice(
    found: Iterable[tuple[SourceFile, ManifestFile | None]],
) -> Iterator[InvalidConfigError]:
    seen = set()
    for file, part in found:
        name = os.path.basename(file.path)
        if name in seen:
            problem = "two files have this name, and a directory holds one: rename one"
            error = InvalidConfigError(file.path, 0, 0, name, problem)
            yield _placed(error, part, name.split("."))
        seen.add(name)


def _placed(
    error: InvalidConfigError,
    part: ManifestFile | None,
    own: Collection[str] = (),
) -> InvalidConfigError:
    """
    Return `error` with its place in the manifest, which is what people edit.

    What stands as a key in a Secret may be its text, so only `own` ones are named.
    """
    if part is None:
        return error
    line, column = part.place(error.line, error.column)
    problem = error.problem
    if error.line and not part.is_literal:
        # Its lines are not those of the manifest.
        problem += f" (line {error.line} of {printable(part.name)})"
    words = re.findall(r"[^][.\"*]+", error.key)
    is_shown = part.kind != "Secret" or all(w in own or w.isdigit() for w in words)
    key = error.key if is_shown else ""
    return InvalidConfigError(part.path, line, column, key, problem)


def _veiled(shown: Any, given: Any) -> Any:
    """Return `shown` with a mask for whatever `given` says."""
    if isinstance(shown, dict) and isinstance(given, Mapping):
        return {
            key: _veiled(value, given[key]) if key in given else value
            for key, value in shown.items()
        }
    return MASK
