"""Deployments on a serving host: two slots behind HAProxy. Standard library only; see docs/deployments.md."""
