"""
What a config is: from the bytes of a source to a typed, frozen value, and back.

Owns: nothing itself; each module is one step of the way.
Must not know: who watches, publishes or serves.
Runs in: the publisher, the workers and the command line.
"""
