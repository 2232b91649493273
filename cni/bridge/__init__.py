"""cnv-bridge: a veth pair for a pod, one end on a bridge of the node."""
