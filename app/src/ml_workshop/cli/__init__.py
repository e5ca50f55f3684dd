"""The command `ml-workshop`: one module per subcommand.

Each module is imported to know its options; what a subcommand needs (torch, Flask) is imported when it runs.
"""

from ml_workshop.cli.main import main

__all__ = ["main"]
