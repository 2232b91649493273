"""What nodes say of themselves and of policies, read from a node's own files or from a cluster, told in one way."""
