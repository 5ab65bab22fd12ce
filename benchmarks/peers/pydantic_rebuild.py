"""
pydantic-settings, built anew on change.

Owns: the peer.
Must not know: what is measured.
Runs in: the workers of a server.

JSON is the format that it loads fastest: its YAML source has PyYAML's slow loader.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel
from pydantic_settings import (
    BaseSettings,
    JsonConfigSettingsSource,
    PydanticBaseSettingsSource,
)

from benchmarks.peers import events
from benchmarks.peers.peer import Holder, Peer


class Entry(BaseModel, frozen=True):
    """One entry of a config."""

    title: str
    is_enabled: bool
    weight: float
    text: str


class Settings(BaseSettings):
    """The config."""

    message: str
    entries: dict[str, Entry] = {}

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], **_: PydanticBaseSettingsSource
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take everything from the file, whose name the class configuration has."""
        return (JsonConfigSettingsSource(settings_cls),)


class PydanticRebuild(Peer):
    """Another settings object in a thread per worker."""

    title: ClassVar[str] = "pydantic-settings"
    says: ClassVar[str] = "a watchdog observer per worker builds it anew; JSON"
    key: ClassVar[str] = "config.json"
    expression: ClassVar[str] = "holder.get().message"

    def names(self) -> Mapping[str, Any]:
        """Build the settings, and start to watch."""
        Settings.model_config["json_file"] = self.path
        holder = Holder(Settings())

        def rebuild() -> None:
            holder.config = Settings()

        events.watch_in_threads(self.path, rebuild)
        return {"holder": holder}


PEER = PydanticRebuild
