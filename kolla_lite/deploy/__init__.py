"""Deployment: desired and observed state, plan, run."""
