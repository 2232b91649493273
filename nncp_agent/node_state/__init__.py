"""NodeNetworkState: when a host is looked at again, and what of it is published."""
