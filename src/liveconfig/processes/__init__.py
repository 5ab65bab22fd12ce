"""
What one process says to another, and how one ends with another.

Owns: nothing itself; each module is one way between processes.
Must not know: what is said, what a config is.
Runs in: the master, the publisher and every worker.
"""
