"""The one door to a Kubernetes API: reads, watches and writes of plain JSON objects.

The official client brings configuration, authentication and connections; its models stay out, for they know no object
of ours and cost the memory of a daemon. It is loaded when the first request is made.
"""
