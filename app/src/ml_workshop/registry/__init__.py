"""Model repositories: publish a directory, get a revision; name a revision, get the directory."""
