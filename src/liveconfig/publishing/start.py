"""
The first steps of the publisher's process: importing what the master had imported.

Owns: the order in which modules are looked for, and saying so when one is no good.
Must not know: what the publisher does.
Runs in: the publisher process, before anything else of it.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys
import traceback
import warnings
from collections.abc import Sequence

from liveconfig.sentences.of_config import MISTAKE, NOT_IMPORTED

# As the relay has it, which is not imported yet.
_MESSAGE_BYTES_MAX = 16_384


def main(path: Sequence[str]) -> int:
    """
    Import the publisher, look for modules in `path` alone from then on, and run it.

    Its arguments are what stands before the `--` on the command line.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--found", action="append", default=[])
    parser.add_argument("--relay-descriptor", type=int, required=True)
    arguments = sys.argv[1 : sys.argv.index("--")]
    del sys.argv[1:]
    options, _ = parser.parse_known_args(arguments)

    def say(text: str) -> None:
        message = f"{logging.CRITICAL} {text}".encode(errors="replace")
        os.write(options.relay_descriptor, message[:_MESSAGE_BYTES_MAX])

    try:
        with warnings.catch_warnings():
            # What they warn of is nobody's here, and no reason to end.
            warnings.simplefilter("ignore")
            process = importlib.import_module("liveconfig.publishing.process")
            for found in options.found:
                _import(*found.split("=", 1))
    except Exception as error:
        say(NOT_IMPORTED.line(type(error).__name__, error))
        raise SystemExit(1) from error
    sys.path[:] = path
    try:
        return int(process.main(arguments))
    except Exception as error:
        # Without its text, which may be out of the config; the traceback is on stderr.
        place = traceback.extract_tb(error.__traceback__)[-1]
        say(MISTAKE.line(type(error).__name__, place.filename, place.lineno))
        raise


def _import(name: str, place: str) -> None:
    if name not in sys.modules:
        sys.path.insert(0, place)
        importlib.import_module(name)
        del sys.path[0]
