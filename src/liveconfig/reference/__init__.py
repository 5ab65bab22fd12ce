"""
The reference service: a small one, of which every part is one that any service can use.

Owns: nothing itself; `wsgi` is where it is put together.
Must not know: how configs reach a worker.
Runs in: every worker.
"""
