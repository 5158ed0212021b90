"""The operator's files: globals, secrets, override layers."""
