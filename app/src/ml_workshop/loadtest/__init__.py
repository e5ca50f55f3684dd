"""The load test of the service, for Locust."""
