"""
From "the source may have changed" to a published version.

Owns: nothing itself; `process` is where it is put together.
Must not know: gunicorn, HTTP.
Runs in: the publisher process.
"""
