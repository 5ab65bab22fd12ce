"""The benchmark itself under test, and what of it can be guarded by counting."""
