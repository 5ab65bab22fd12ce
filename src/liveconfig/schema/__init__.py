"""
What the class of a config means: what fits it, how it becomes bytes and a config again.

Owns: nothing itself; `schema` is where it is put together.
Must not know: YAML, files, who watches, publishes or serves.
Runs in: the publisher, the workers and the command line.
"""
