"""What the modules of the role application share. Standard library only."""
