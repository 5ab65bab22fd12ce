"""
The web side: the operators' port for any service, and the reference service.

Owns: nothing itself; `wsgi` is where the reference service is put together.
Must not know: how configs reach a worker.
Runs in: every worker.
"""
