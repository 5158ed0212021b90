"""Hosts.yml to groups."""
