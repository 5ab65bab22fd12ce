"""
Secrets, and how what may hold one is shown.

Owns: nothing itself; its modules are used one by one.
Must not know: what a class of a config means, how a document is read.
Runs in: the publisher, the workers and the command line.
"""
