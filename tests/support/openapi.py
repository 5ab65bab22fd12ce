"""
What docs/openapi.yaml says of `/status`, made from the type: `python -m` this module.

Owns: where the part begins and ends, and how it is written.
Must not know: what is in the document.
Runs in: the test process, and on its own to write the part anew.
"""

from __future__ import annotations

from pathlib import Path

import yaml

from liveconfig.status.document import Status

PATH = Path(__file__).resolve().parents[2] / "docs" / "openapi.yaml"
_BEGIN = "    # All below is made by `python -m tests.support.openapi`.\n"


class _Plain(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        """Write what is there twice twice."""
        return True


def with_status(text: str) -> str:
    """Return the description with the schemas of the status as they are now."""
    before, _, _ = text.partition(_BEGIN)
    schemas = Status.json_schema("#/components/schemas/{name}")
    part = yaml.dump(schemas, Dumper=_Plain, sort_keys=False, width=88)
    return before + _BEGIN + "".join(f"    {line}\n" for line in part.splitlines())


if __name__ == "__main__":
    PATH.write_text(with_status(PATH.read_text()))
