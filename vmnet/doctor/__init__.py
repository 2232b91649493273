"""Why a guest is not on the network: the way of its frames hop by hop, the first that is broken, and what shows it."""
