"""What happens when things break in the middle: every op refused in turn, every step killed in turn."""
