"""What the container contract fixes, for hosts and for the controller, which loads this file by its path."""

from __future__ import annotations

GROUP = 42400
"""The group of every service's account in Kolla's images; root has no right to its files but as a member."""
