"""
What a worker holds of the config, and how it keeps up.

Owns: nothing itself; `manager` is what an application uses.
Must not know: who publishes, HTTP.
Runs in: every worker.
"""
