"""A fake of the EC2 API for tests: moto, whose instances can be systemd containers on this machine."""
