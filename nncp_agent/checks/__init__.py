"""Connectivity checks: what answered before a change must answer after it."""
