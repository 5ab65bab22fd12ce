"""Fakes, builders and real processes for the tests, in one place."""
