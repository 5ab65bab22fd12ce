"""
From the bytes of a source to a config that may be published.

Owns: nothing itself; `loader` is where it is put together.
Must not know: who watches, publishes or serves.
Runs in: the publisher and the command line.
"""
