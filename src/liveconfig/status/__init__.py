"""
What `/status` says, and what it comes to.

Owns: the document, and the one verdict on it.
Must not know: HTTP, HTML, the terminal, the shared memory.
Runs in: the workers and the CLI.
"""
