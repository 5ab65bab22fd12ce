"""
The operators' side of any service: what is served, by whom, and why not.

Owns: nothing itself; `admin` is where it is put together.
Must not know: the application that it stands beside, how configs reach a worker.
Runs in: every worker.
"""
