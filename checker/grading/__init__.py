"""Grade a folder or zip of submissions."""
