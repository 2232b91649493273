"""A CNI plugin that hands its call over to the nncp daemon; the protocol is told in the package `cni.client`.

It loads nothing but what the interpreter has loaded anyway: a runtime starts it for every pod.
"""

import _socket
import posix

# What stands here is put in when the client is made (cni/client/build.py).
NAME = b"bridge"
SOCKET = b"/run/nncp-agent/cni/socket"
ALONE = (b"/usr/bin/python3", b"-m", b"cni.bridge")
SPOKEN = b""

CLAIM_S = 0.05
LOST = b"NNCP_CNI_LOST"
NEITHER = b'{"cniVersion":"1.0.0","code":11,"msg":"the nncp daemon does not answer, and %s cannot be run"}\n'


def command() -> None:
    environment = posix.environ
    if environment.get(b"CNI_COMMAND") == b"VERSION":
        write(1, SPOKEN)
        posix._exit(0)
    stdin = read() if environment.get(b"CNI_COMMAND") else b""
    there = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    token, pen = _socket.socketpair()
    pen.send(b"!")
    try:
        there.settimeout(CLAIM_S)
        there.connect(SOCKET)
        send(there, token, environment, stdin)
        answer = there.recv(65536)
    except OSError:
        answer = b""
        if is_taken(token):
            work_alone(environment, stdin)
    answer = rest(there, answer)
    if not is_whole(answer):
        if not is_taken(token):
            environment[LOST] = b"1"
        work_alone(environment, stdin)
    out = sizes(answer)[0]
    write(2, answer[9 + out :])
    write(1, answer[9 : 9 + out])
    try:
        there.send(b"!")
    finally:
        posix._exit(answer[0])


def send(there: _socket.socket, token: _socket.socket, environment: dict[bytes, bytes], stdin: bytes) -> None:
    words = b"".join(word + b"\0" for word in (NAME, *(b"%s=%s" % each for each in environment.items())))
    flags = posix.O_RDONLY | posix.O_CLOEXEC
    opened = [token.fileno(), posix.open("/proc/self/ns/net", flags), posix.open("/proc/self/ns/mnt", flags)]
    opened.append(posix.open("/", flags | posix.O_PATH))
    netns = environment.get(b"CNI_NETNS")
    if netns:
        try:
            opened.append(posix.open(netns, flags | posix.O_NONBLOCK))
        except OSError:  # DEL is content without it, and to ADD the daemon says that it is not there
            netns = None
    data = b"nncp" + numbers(len(words), len(stdin)) + words + stdin
    sent = there.sendmsg([data], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, numbers(*opened))])
    if sent < len(data):
        there.sendall(data[sent:])


def rest(there: _socket.socket, answer: bytes) -> bytes:
    """An answer from its beginning to its end, or as far as it comes: once claimed, a call takes what it takes."""
    there.settimeout(None)
    try:
        while not is_whole(answer):
            part = there.recv(65536)
            if not part:
                break
            answer += part
        return answer
    except OSError:
        return answer


def is_whole(answer: bytes) -> bool:
    return len(answer) >= 9 and len(answer) >= 9 + sum(sizes(answer))


def is_taken(token: _socket.socket) -> bool:
    """Take the call, if nobody has."""
    try:
        return bool(token.recv(1, _socket.MSG_DONTWAIT))
    except OSError:
        return False


def work_alone(environment: dict[bytes, bytes], stdin: bytes) -> None:
    """Become the plugin itself. Only when that cannot be is there an answer of our own."""
    try:
        given = posix.memfd_create("stdin")
        written = 0
        while written < len(stdin):
            written += posix.write(given, stdin[written:])
        posix.lseek(given, 0, 0)
        posix.dup2(given, 0)
        posix.execve(ALONE[0], ALONE, environment)
    except OSError:
        write(1, NEITHER % ALONE[0])
    finally:
        posix._exit(1)


def read() -> bytes:
    """stdin to its end."""
    parts: list[bytes] = []
    while True:
        part = posix.read(0, 65536)
        if not part:
            return b"".join(parts)
        parts.append(part)


def write(fd: int, data: bytes) -> None:
    """Whoever cannot be told is not told by the exit status either: the daemon takes back what nobody knows of."""
    try:
        while data:
            data = data[posix.write(fd, data) :]
    except OSError:
        if fd == 1:
            posix._exit(1)


def numbers(*values: int) -> bytes:
    """In the order of this machine."""
    raw = bytearray(4 * len(values))
    view = memoryview(raw).cast("I")
    for at, value in enumerate(values):
        view[at] = value
    return bytes(raw)


def sizes(answer: bytes) -> list[int]:
    return memoryview(answer[1:9]).cast("I").tolist()


command()
