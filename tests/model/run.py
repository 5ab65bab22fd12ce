"""
Explore the model of the record: `python tests/model/run.py [NAME...]`, or `make model`.

Owns: the variants, what is expected of each, running spin on them, the table.
Must not know: the protocol, which is in record.pml.
Runs in: a process of its own, with spin and gcc in processes of theirs.

A safeguard that is taken away must show as a fault. Where it does not, it is redundant
in that kind of memory, and the table says so instead of hiding it.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

_MODEL = Path(__file__).resolve().with_name("record.pml")
_TOOLS = ("spin", "gcc")
_TIMEOUT_SECONDS = 600
_DEPTH_MAX = 200_000
_MEMORY_MIB_MAX = 4000

HOLDS, FAULT, UNKNOWN = "holds", "fault", "UNKNOWN"

# The properties: what a fault of each means. `ends` is a cycle, the others assertions.
_ALL = "whole grows arrives"
_ENDS = "ends"


@dataclass(frozen=True)
class Variant:
    """
    One model to explore.

    Attributes:
        what: what is special about it, or which safeguard is gone.
        properties: what is looked for, separated by spaces.
        expected: HOLDS or FAULT.
        options: the model's switches, separated by spaces.
    """

    what: str
    properties: str
    expected: str
    options: str = ""

    @property
    def memory(self) -> str:
        """In which order stores become visible."""
        return "in order" if "IN_ORDER" in self.options else "any order"

    @property
    def is_large(self) -> bool:
        """Whether it has so many states that a faster program pays for its making."""
        return re.search("READERS|CRASHES|ANY_LENGTH", self.options) is not None

    @property
    def defines(self) -> list[str]:
        """Return the arguments for spin."""
        names = [name.upper() for name in self.properties.split()]
        return [f"-D{name}" for name in names + self.options.split()]


VARIANTS = (
    # The protocol as it is.
    Variant("2 readers, 1 crash, 1 try", _ALL, HOLDS, "READERS=2 TRIES_MAX=1"),
    Variant("1 reader, 2 crashes", _ALL, HOLDS, "CRASHES=2"),
    Variant("1 reader, 1 crash, any lengths", _ALL, HOLDS, "WITH_ANY_LENGTH"),
    Variant("1 reader, 1 crash", _ENDS, HOLDS),
    Variant("2 readers, 2 crashes", _ALL, HOLDS, "IN_ORDER READERS=2 CRASHES=2"),
    Variant("1 reader, 2 crashes", _ENDS, HOLDS, "IN_ORDER CRASHES=2"),
    Variant("damaged afterwards", "whole grows", HOLDS, "DAMAGED"),
    Variant("damaged afterwards", _ENDS, HOLDS, "IN_ORDER DAMAGED"),
    Variant("zeroed before the successor", _ALL, HOLDS, "IN_ORDER ZEROED"),
    Variant("2 readers, zeroed likewise", _ALL, HOLDS, "IN_ORDER ZEROED READERS=2"),
    Variant("1 reader, versions left out", _ALL, HOLDS, "WITH_ABOVE"),
    Variant("versions left out", _ALL, HOLDS, "IN_ORDER WITH_ABOVE READERS=2"),
    # What holds in memory of any order.
    Variant("no checksum", "whole", FAULT, "WITHOUT_CHECKSUM"),
    Variant("checksum without version", "whole", FAULT, "WITHOUT_VERSION_IN_CHECKSUM"),
    Variant("no wipe by the successor", "whole", FAULT, "WITHOUT_WIPE"),
    Variant("no wipe by the successor", "arrives", FAULT, "WITHOUT_WIPE"),
    Variant("no order after the wipe", "whole", FAULT, "WITHOUT_ORDER_AFTER_WIPE"),
    Variant("no order at the claim", "whole", FAULT, "WITHOUT_ORDER_AT_CLAIM"),
    Variant("no claim: two writers", "whole", FAULT, "WITHOUT_CLAIM"),
    Variant("one slot", "arrives", FAULT, "WITHOUT_SECOND_SLOT"),
    Variant("slot of the newest", "arrives", FAULT, "WITH_ABOVE WITHOUT_OTHER_SLOT"),
    Variant("head stored first", "arrives", FAULT, "WITH_HEAD_FIRST"),
    Variant("slot loaded before head", "whole", FAULT, "WITHOUT_HEAD_LOADED_FIRST"),
    Variant("successor counts anew", "whole", FAULT, "WITHOUT_GOING_ON"),
    # The version in the slot is a second witness: beside the checksum nothing needs it.
    Variant("slot's version not zeroed", _ALL, HOLDS, "WITHOUT_ZERO"),
    Variant("no first look at it", _ALL, HOLDS, "WITHOUT_FIRST_LOOK"),
    Variant("no second look at it", _ALL, HOLDS, "WITHOUT_SECOND_LOOK"),
    # In order, it alone is enough, and each part of it is needed but the first look.
    Variant("no checksum", _ALL, HOLDS, "IN_ORDER WITHOUT_CHECKSUM"),
    Variant(
        "no checksum, not zeroed",
        "whole",
        FAULT,
        "IN_ORDER WITHOUT_CHECKSUM WITHOUT_ZERO",
    ),
    Variant(
        "no checksum, no second look",
        "whole",
        FAULT,
        "IN_ORDER WITHOUT_CHECKSUM WITHOUT_SECOND_LOOK",
    ),
    Variant(
        "no checksum, no first look",
        _ALL,
        HOLDS,
        "IN_ORDER WITHOUT_CHECKSUM WITHOUT_FIRST_LOOK",
    ),
    Variant(
        "no checksum, head stored first",
        "whole",
        FAULT,
        "IN_ORDER WITHOUT_CHECKSUM WITH_HEAD_FIRST",
    ),
    Variant("head stored first", "arrives", FAULT, "IN_ORDER WITH_HEAD_FIRST"),
    Variant("one slot", "arrives", FAULT, "IN_ORDER WITHOUT_SECOND_SLOT"),
    Variant(
        "slot of the newest",
        "arrives",
        FAULT,
        "IN_ORDER WITH_ABOVE WITHOUT_OTHER_SLOT",
    ),
    Variant("no claim: two writers", "whole", FAULT, "IN_ORDER WITHOUT_CLAIM"),
    Variant("no wipe by the successor", _ALL, HOLDS, "IN_ORDER WITHOUT_WIPE"),
    # Two safeguards are there for damage alone.
    Variant("older head taken", _ALL, HOLDS, "WITHOUT_OLDER"),
    Variant("damaged, older head taken", "grows", FAULT, "DAMAGED WITHOUT_OLDER"),
    Variant(
        "zeroed, version not passed on",
        "arrives",
        FAULT,
        "IN_ORDER ZEROED WITHOUT_PASSING_ON",
    ),
    Variant("no limit of tries", _ENDS, HOLDS, "IN_ORDER WITHOUT_TRIES_MAX"),
    Variant(
        "damaged, no limit of tries",
        _ENDS,
        FAULT,
        "IN_ORDER DAMAGED WITHOUT_TRIES_MAX",
    ),
)


@dataclass(frozen=True)
class Finding:
    """
    What spin said of a variant.

    Attributes:
        found: HOLDS if every state was visited and none is wrong, FAULT if a property
            broke, UNKNOWN for anything else.
        states: how many were stored until then.
        depth: the longest path.
        text: all it said.
    """

    found: str
    states: int = 0
    depth: int = 0
    text: str = ""


def finding(text: str) -> Finding:
    """Read what `pan` printed; whatever is not clearly a result is none."""
    summary = re.search(r"depth reached (\d+), errors: (\d+)", text)
    states = re.search(r"^\s*(\d+) states, stored", text, re.MULTILINE)
    if summary is None or states is None:
        return Finding(UNKNOWN, text=text)
    faults = re.findall(r"^pan: ?\d*:? ?(.*) \(at depth \d+\)$", text, re.MULTILINE)
    is_cut = re.search(r"too small|not completed|out of memory|^error", text, re.M)
    is_property = all(
        fault.startswith(("assertion violated", "non-progress cycle"))
        and "invalid array index" not in fault
        for fault in faults
    )
    if summary[2] == "0" and not faults and not is_cut:
        found = HOLDS
    elif summary[2] == "1" and faults and is_property:
        found = FAULT
    else:
        found = UNKNOWN
    return Finding(found, int(states[1]), int(summary[1]), text)


def explore(variant: Variant) -> tuple[Finding, float]:
    """Visit every state of a variant; return what was found and the seconds it took."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="liveconfig-model-") as name:
        is_cycle = variant.properties == _ENDS
        kind = "-DNP" if is_cycle else "-DSAFETY"
        speed = "-O2" if variant.is_large else "-O0"
        limits = ["-DCOLLAPSE", f"-DMEMLIM={_MEMORY_MIB_MAX}"]
        steps = [
            ["spin", "-a", *variant.defines, str(_MODEL)],
            ["gcc", "-w", speed, kind, *limits, "-o", "pan", "pan.c"],
            ["./pan", f"-m{_DEPTH_MAX}", "-w22", *(["-l"] if is_cycle else [])],
        ]
        for step in steps:
            text, status = _output(step, name)
            if status:
                return Finding(UNKNOWN, text=text), time.monotonic() - began
    return finding(text), time.monotonic() - began


def _output(command: list[str], directory: str) -> tuple[str, int]:
    try:
        done = subprocess.run(
            command,
            cwd=directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return f"{command[0]} took more than {_TIMEOUT_SECONDS} s", 1
    return done.stdout, done.returncode


_ROW = "{:<30}  {:<9}  {:<20}  {:<8}  {:<8} {:>9}  {:>6}  {:>7}"


def report(variants: Iterable[Variant]) -> int:
    """Explore and print the variants; return how many were not as expected."""
    headings = ("what", "memory", "looked for", "expected", "found")
    print(_ROW.format(*headings, "states", "depth", "seconds"))
    surprises = visited = 0
    began = time.monotonic()
    wanted = list(variants)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for variant, (result, seconds) in zip(
            wanted, pool.map(explore, wanted), strict=True
        ):
            print(_line(variant, result, seconds), flush=True)
            visited += result.states
            if result.found != variant.expected:
                surprises += 1
                print(f"not as expected:\n{result.text}", flush=True)
    print(
        f"{len(wanted)} variants, {visited} states, "
        f"{time.monotonic() - began:.0f} s, not as expected: {surprises}"
    )
    return surprises


def _line(variant: Variant, result: Finding, seconds: float) -> str:
    return _ROW.format(
        variant.what,
        variant.memory,
        variant.properties,
        variant.expected,
        result.found,
        result.states,
        result.depth,
        f"{seconds:.1f}",
    )


def main() -> int:
    """Explore what was asked for; 0 if all is as expected, 1 if not, 2 if it cannot."""
    parser = argparse.ArgumentParser(description="Explore the model of the record.")
    parser.add_argument(
        "words", metavar="WORD", nargs="*", help="only variants that have all of them"
    )
    words = parser.parse_args().words
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if missing:
        print(
            f"{' and '.join(missing)} not found; install what the model is explored "
            "with (on Debian: apt-get install spin gcc libc6-dev)",
            file=sys.stderr,
        )
        return 2
    wanted = [
        variant
        for variant in VARIANTS
        if all(word in f"{variant.what} {variant.memory}" for word in words)
    ]
    if not wanted:
        parser.error("no variant has all of these words")
    return int(report(wanted) > 0)


if __name__ == "__main__":
    sys.exit(main())
