"""Benchmarks: ours and a peer's way of doing the same work, side by side in one run, as a ratio. `./dev bench`."""
