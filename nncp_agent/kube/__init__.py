"""The one door to a Kubernetes API: reads, watches and writes of plain JSON objects."""
