"""What the runtime starts: a small program that hands the call over to `nncp daemon`, or does without it.

There are two of them, `client.py` and `client.c`, of one protocol, and `build` makes either for a node. The protocol,
on a stream socket of the unix family that root alone can reach:

* The client sends a head (`nncp`, then two numbers of 32 bits in the order of this machine: the lengths of the words
  and of stdin), the words (the plugin's name and each `KEY=VALUE` of the environment, a NUL behind each), and stdin.
  With the first byte come descriptors: the token, its network namespace, its mount namespace, its root directory, and
  the namespace in CNI_NETNS if there is one and it can be opened. None of its output comes along: a runtime waits until
  nobody has that open any more, and a daemon that was stopped would.
* The token is a socket with one byte in it that both sides can read. Whoever takes the byte has the call. The daemon
  does so when it has read all and is going to work on it; the client does when it has not seen an answer within 50 ms,
  or when the connection ends, and works itself then. So a daemon that was stopped and goes on finds the byte gone.
* The answer is one byte (the exit status) and two such numbers (the lengths of stdout and of stderr), then both.
* When the client has written that to its own stdout it sends one byte. If it goes away without that, nobody knows of
  the attachment, and the daemon takes it back.
"""

from netkernel.typed import Final

SOCKET: Final = "/run/nncp-agent/cni/socket"
"""Where the daemon listens unless it is told otherwise; the folder is root's alone."""
LOST: Final = "NNCP_CNI_LOST"
"""In the environment of a plugin that works alone because the daemon went away with the call it had."""
