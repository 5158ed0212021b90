"""Runs: each is recorded as it goes, and can be listed, shown, compared and drawn."""
