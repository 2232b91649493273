"""What a network state says that is not an interface: one file per section."""
