"""A host's network as a picture: what sits on what, from the NICs on the left to what stands on top on the right."""
