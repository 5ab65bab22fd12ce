"""
What the processes of one service share: records, and a table of workers.

Owns: nothing itself; `shared` is where it is put together.
Must not know: YAML, files, HTTP, gunicorn.
Runs in: the master, the publisher and every worker.
"""
