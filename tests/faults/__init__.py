"""The fault matrix: each fault on a real server, and three checks after each."""
