"""The policy engine, its command line and the node daemon."""
