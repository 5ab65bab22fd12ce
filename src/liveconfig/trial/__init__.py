"""
The time after a config goes live in which it is judged.

Owns: what condemns a config.
Must not know: HTTP, gunicorn, YAML.
Runs in: the publisher.
"""
