"""Conda environments without a solver, for the module conda_environment. Standard library only."""
