"""Service declarations."""
