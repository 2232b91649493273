"""`./dev demo`: the whole story on a real kernel, told by the commands a user would type, each result verified."""
