"""
Keeping one publisher running under the gunicorn master.

Owns: nothing itself; `supervisor` is where it is put together.
Must not know: what is published.
Runs in: the gunicorn master.
"""
