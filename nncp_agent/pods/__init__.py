"""What CNI has attached on this node: whose it is, where it leads, and what was dropped of it."""
