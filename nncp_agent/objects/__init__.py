"""Objects of the Kubernetes group nmstate.io as plain values: read, judged, made. No API server, no kernel."""
