"""
Noticing that a path may have changed.

Owns: nothing itself; `watcher` is where it is put together.
Must not know: what is done about a change, what a config is.
Runs in: the publisher, and whoever uses `FileWatcher` by itself.
"""
