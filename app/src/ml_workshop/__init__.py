"""ml-workshop: train, publish, serve and load-test a text classifier."""

__version__ = "1.0.0"
