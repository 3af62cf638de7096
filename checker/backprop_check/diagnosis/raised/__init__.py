"""Lines that stop: what Python or torch says, and which move it asks for."""
