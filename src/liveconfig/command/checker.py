"""
The configs of a path, and what came of each.

Owns: what counts as a config there: a file, a directory, the files in a manifest.
Must not know: how anything is checked, which is what the publisher does; the output.
Runs in: the CLI.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from liveconfig.config.document import Limits
from liveconfig.config.loader import Candidate, all_located, load
from liveconfig.config.manifest import ManifestFile, config_files
from liveconfig.config.schema import Schema
from liveconfig.config.source import Source, SourceFile
from liveconfig.errors import InvalidConfigError


@dataclass(frozen=True)
class Checked:
    """
    One config and what came of it.

    Attributes:
        name: what it is called in the output.
        candidate: the good config, None if it is bad.
        problems: what is wrong with it; of a good one, keys the schema does not know.
        files: what it is made of.
    """

    name: str
    candidate: Candidate[Any] | None
    problems: tuple[InvalidConfigError, ...]
    files: tuple[SourceFile, ...]


class Checker:
    """Check configs as the service would."""

    def __init__(self, schema: Schema[Any], limits: Limits) -> None:
        """Check with `schema`, within `limits`."""
        self.schema = schema
        self._limits = limits

    def check(self, path: str) -> Iterator[Checked]:
        """
        Yield each config that is found at `path`.

        Raises:
            SourceUnavailableError: there is nothing.
            InvalidConfigError: it is too large, or a manifest that holds no config.
        """
        files = Source(path, self._limits.bytes_max).read().files
        parts = None
        if not os.path.isdir(path):
            parts = config_files(files[0].content, path, self._limits)
        if parts is None:
            yield self._checked(path, files)
        for part in parts or ():
            # The name tells JSON from YAML.
            checked = self._checked(part.name, (SourceFile(part.name, part.content),))
            problems = tuple(_placed(error, part, path) for error in checked.problems)
            name = f"{path}: {part.name}"
            yield replace(checked, name=name, problems=problems)

    def good(self, path: str) -> list[tuple[Checked, Candidate[Any]]]:
        """
        Return each config at `path` with its candidate.

        Raises:
            SourceUnavailableError: there is nothing.
            InvalidConfigError: the first that is bad.
        """
        found = []
        for checked in self.check(path):
            if checked.candidate is None:
                raise checked.problems[0]
            found.append((checked, checked.candidate))
        return found

    def _checked(self, name: str, files: tuple[SourceFile, ...]) -> Checked:
        try:
            candidate = load(files, self.schema, self._limits)
        except InvalidConfigError as error:
            return Checked(name, None, (error,), files)
        problem = "the schema does not know this key: check the spelling"
        ways = self.schema.unknown_keys(candidate.data)
        unknown = all_located(
            ways, problem, files, named=self.schema.key_names.of_unknown
        )
        return Checked(name, candidate, tuple(unknown), files)


def _placed(
    error: InvalidConfigError, part: ManifestFile, path: str
) -> InvalidConfigError:
    """Return `error` with its place in the manifest, which is what people edit."""
    line, column = part.place(error.line, error.column)
    return InvalidConfigError(path, line, column, error.key, error.problem)
