"""
The stand-in `kubectl` as a command: it passes on what it is told to do.

Owns: the two messages between the command and the test.
Must not know: any verb or flag of kubectl.
Runs in: a process of its own, started by whoever calls `kubectl`. It imports nothing
    but the standard library, so that it starts fast.
"""

from __future__ import annotations

import json
import socket
import sys


def main(address: str, arguments: list[str]) -> int:
    """Pass the command line on with its input, and print the answer."""
    takes_input = {"--filename=-", "--stdin"} & {*arguments}
    text = sys.stdin.read() if takes_input else ""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(address)
        message = {"arguments": arguments, "text": text}
        connection.sendall(json.dumps(message).encode() + b"\n")
        with connection.makefile("r") as stream:
            answer = json.loads(stream.readline())
    sys.stdout.write(answer["output"])
    sys.stderr.write(answer["complaint"])
    return int(answer["status"])
