"""The one writer of a cluster: the status of policies, slots of rollouts, admission."""
