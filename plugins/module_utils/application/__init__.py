"""Code that the modules of the role application share; it needs the standard library only."""
