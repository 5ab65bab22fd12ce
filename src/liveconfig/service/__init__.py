"""
The reference service: a message, served live.

Owns: nothing itself; `wsgi` is where it is put together.
Must not know: how configs reach a worker.
Runs in: every worker.
"""
