"""What a node does with the policies it is given, in which order, and how it keeps them; Kubernetes is a stranger."""
