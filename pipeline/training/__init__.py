"""Training: from labelled text to the artefacts in ``models/``."""
