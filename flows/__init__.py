"""Prefect flows over the stages of `pipeline.job`: thin, and never handed customer text."""
