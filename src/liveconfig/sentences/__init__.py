"""
What is logged: each sentence once, with its level and what to do about it.

Owns: nothing; every line of WARNING and above is in one of its modules.
Must not know: when something is logged, and by whom it is read.
Runs in: every process that logs.
"""
