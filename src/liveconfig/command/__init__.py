"""
`liveconfig ...`: the command line.

Owns: nothing itself; `cli` is where it is put together.
Must not know: how anything is checked or published; it is what the service does.
Runs in: a process of its own.
"""
