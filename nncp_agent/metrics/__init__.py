"""What the agent counts and times, for Prometheus."""
