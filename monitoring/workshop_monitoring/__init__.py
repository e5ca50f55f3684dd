"""Dashboards, alerting rules and recording rules, with their queries."""
