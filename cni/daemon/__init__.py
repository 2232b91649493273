"""The part of `nncp daemon` that serves CNI plugins: it does for clients what a plugin would do alone."""
