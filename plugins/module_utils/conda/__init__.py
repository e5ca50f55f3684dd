"""What the module conda_environment knows of conda environments without a solver. Standard library only."""
