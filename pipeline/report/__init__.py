"""The HTML report: one file that opens offline, made from the published views alone."""
