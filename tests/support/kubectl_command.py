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
import subprocess
import sys


def main(address: str, arguments: list[str]) -> int:
    """Pass the command line on; print the answer, or run what it says."""
    text = sys.stdin.read() if "--filename=-" in arguments else ""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(address)
        message = {"arguments": arguments, "text": text}
        connection.sendall(json.dumps(message).encode() + b"\n")
        with connection.makefile("r") as stream:
            answer = json.loads(stream.readline())
    if "program" in answer:
        # In the cluster this would be the container's Python; here it is our own.
        status = subprocess.call([sys.executable, *answer["program"]])
        if status != 0:
            sys.stderr.write(f"command terminated with exit code {status}\n")
        return status
    sys.stdout.write(answer["output"])
    sys.stderr.write(answer["complaint"])
    return int(answer["status"])
