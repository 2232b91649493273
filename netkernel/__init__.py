"""The shared floor: reversible changes as values, transactions, and the one door to the Linux kernel."""
