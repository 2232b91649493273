"""A real Kubernetes API for tests, demos and people: etcd and kube-apiserver on this machine, and nothing behind them.

There is no kubelet and no controller: who wants a Node makes one, and does for it what they would do.
"""

from __future__ import annotations

import json
import os
import random
import select
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from lab.setup import cluster as binaries
from lab.setup.base import SetupFailed, run, say

READY_S: Final = 180.0
"""How long a start may take; 4 s where nothing else runs."""
AGAIN_S: Final = 0.05
ADMIN: Final = "admin"
NAMES: Final = ("DNS:localhost", "IP:127.0.0.1", *(f"IP:192.0.2.{last}" for last in range(1, 255)))
"""What the server's certificate says it is: loopback, and any address of the network that tests lay to it."""
PORTS: Final = range(20000, 32000)
"""Below what Linux gives to outgoing connections, so that a server that is down finds its port again."""


@dataclass
class Server:
    """One API in `folder`, reached by all of this network namespace's addresses.

    `users` are names with their groups; each has a kubeconfig (`kubeconfig`). The end of this process ends it, too.
    """

    folder: Path
    files: binaries.Binaries
    users: dict[str, Sequence[str]] = field(default_factory=lambda: {ADMIN: ("system:masters",)})
    port: int = 0
    _etcd: subprocess.Popen[bytes] | None = None
    _api: subprocess.Popen[bytes] | None = None
    _etcd_ports: tuple[int, int] = (0, 0)
    _tokens: int = 1

    def start(self) -> None:
        """Returns when it answers. Raises SetupFailed with the last words of who did not come up."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port, *etcd = _free_ports(3)
        self._etcd_ports = (etcd[0], etcd[1])
        _certify(self.folder)
        self._write_users()
        self.start_etcd()
        self.start_api()

    def stop(self) -> None:
        self.kill_api()
        self.kill_etcd()

    def kill_api(self) -> None:
        """As `kill -9` does it; gone when this returns."""
        _kill(self._api)
        self._api = None

    def kill_etcd(self) -> None:
        _kill(self._etcd)
        self._etcd = None

    def freeze_api(self) -> None:
        """It takes connections and answers nobody, until `thaw_api`."""
        assert self._api is not None
        self._api.send_signal(signal.SIGSTOP)

    def thaw_api(self) -> None:
        assert self._api is not None
        self._api.send_signal(signal.SIGCONT)

    def wipe(self) -> None:
        """All that it knew is lost; it serves again when this returns."""
        self.stop()
        shutil.rmtree(self.folder / "etcd")
        self.start_etcd()
        self.start_api()

    def revoke_tokens(self) -> None:
        """Who has a kubeconfig from before must read it again. The server starts anew for it."""
        self.kill_api()
        self._tokens += 1
        self._write_users()
        self.start_api()

    def kubeconfig(self, user: str = ADMIN, *, address: str = "127.0.0.1", port: int = 0) -> Path:
        """A file for `user`; `address` and `port` are how the server is reached."""
        where = f"https://{address}:{port or self.port}"
        name = user.replace(":", "-")  # a colon parts files in $KUBECONFIG
        file = self.folder / (
            f"{name}.kubeconfig" if address == "127.0.0.1" and not port else f"{name}-{address}-{port}"
        )
        file.write_text(
            json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": "lab",
                    "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": user}}],
                    "users": [{"name": user, "user": {"token": self.token(user)}}],
                    "clusters": [
                        {
                            "name": "lab",
                            "cluster": {"server": where, "certificate-authority": str(self.folder / "cert.pem")},
                        }
                    ],
                }
            )
        )
        return file

    def token(self, user: str) -> str:
        return f"{user}-{self._tokens}"

    def kubectl(self, *words: str, user: str = ADMIN, stdin: str = "", check: bool = True) -> str:
        """What Debian's kubectl says. With `check` its failure raises CalledProcessError."""
        command = [str(self.files.kubectl), "--kubeconfig", str(self.kubeconfig(user)), *words]
        environment = {**os.environ, "HOME": str(self.folder)}  # for what it keeps of a server between calls
        done = subprocess.run(
            command,
            check=False,
            input=stdin,
            capture_output=True,
            text=True,
            env=environment,
        )
        if check and done.returncode:
            failure = subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
            failure.add_note(done.stderr)
            raise failure
        return done.stdout if check else done.stdout + done.stderr

    def features(self) -> frozenset[str]:
        """Of what came with later servers than ours, what this one has: `cel`, `admission-policies`."""
        with suppress(urllib.error.HTTPError):
            groups = json.loads(self.ask("/apis/admissionregistration.k8s.io"))
            if any(version["version"] == "v1" for version in groups["versions"]):
                listed = json.loads(self.ask("/apis/admissionregistration.k8s.io/v1"))
                if any(resource["name"] == "validatingadmissionpolicies" for resource in listed["resources"]):
                    return frozenset({"cel", "admission-policies"})
        return frozenset()

    def ask(self, path: str, *, timeout_s: float = 10.0) -> bytes:
        """GET it as the administrator. Raises OSError."""
        request = urllib.request.Request(f"https://127.0.0.1:{self.port}{path}")
        request.add_header("Authorization", f"Bearer {self.token(ADMIN)}")
        context = ssl.create_default_context(cafile=str(self.folder / "cert.pem"))
        with urllib.request.urlopen(request, context=context, timeout=timeout_s) as answer:
            said: bytes = answer.read()
            return said

    def start_etcd(self) -> None:
        client, peer = (f"http://127.0.0.1:{port}" for port in self._etcd_ports)
        command = [
            *(str(self.files.etcd), "--data-dir", str(self.folder / "etcd")),
            *("--listen-client-urls", client, "--advertise-client-urls", client),
            *(
                "--listen-peer-urls",
                peer,
                "--initial-advertise-peer-urls",
                peer,
                "--initial-cluster",
                f"default={peer}",
            ),
        ]
        self._etcd = _started(command, self.folder / "etcd.log")

    def start_api(self) -> None:
        key = str(self.folder / "key.pem")
        command = [
            *(str(self.files.apiserver), f"--etcd-servers=http://127.0.0.1:{self._etcd_ports[0]}"),
            *("--bind-address=0.0.0.0", "--advertise-address=192.0.2.1", f"--secure-port={self.port}"),
            *(f"--tls-cert-file={self.folder / 'cert.pem'}", f"--tls-private-key-file={key}"),
            *(f"--cert-dir={self.folder / 'certificates'}", f"--token-auth-file={self.folder / 'tokens.csv'}"),
            *(
                "--service-account-issuer=https://kubernetes.default.svc",
                f"--service-account-key-file={self.folder / 'cert.pem'}",
            ),
            *(f"--service-account-signing-key-file={key}", "--authorization-mode=RBAC"),
            *("--service-cluster-ip-range=10.0.0.0/24", "--disable-admission-plugins=ServiceAccount"),
        ]
        self._api = _started(command, self.folder / "apiserver.log")
        self._until_ready()

    def _until_ready(self) -> None:
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            with suppress(OSError):
                if self.ask("/readyz") == b"ok":
                    return
            for process, name in ((self._etcd, "etcd"), (self._api, "apiserver")):
                if process is not None and _ends_within(process, AGAIN_S):
                    raise SetupFailed(f"{name} ended:\n{_last_words(self.folder / f'{name}.log')}")
        raise SetupFailed(f"kube-apiserver is not ready:\n{_last_words(self.folder / 'apiserver.log')}")

    def _write_users(self) -> None:
        lines = [f'{self.token(name)},{name},{name},"{",".join(groups)}"\n' for name, groups in self.users.items()]
        (self.folder / "tokens.csv").write_text("".join(lines))


def prepare() -> None:
    """Have everything that a start needs. Raises SetupFailed."""
    binaries.ensure()


@contextmanager
def running(folder: Path, users: Mapping[str, Sequence[str]] | None = None) -> Iterator[Server]:
    """A server of its own; built already (`prepare`), or it raises SetupFailed."""
    if (files := binaries.at_hand()) is None:
        raise SetupFailed("no kube-apiserver is built: `./dev test` builds one")
    server = Server(folder, files)
    server.users.update(users or {})
    try:
        server.start()
        yield server
    finally:
        server.stop()


def main(words: Sequence[str]) -> int:
    """`./dev cluster [CMD…]`: an API for a person, until ^C or until CMD has ended."""
    binaries.ensure()
    with tempfile.TemporaryDirectory(prefix="nncp-agent-cluster-") as folder, running(Path(folder)) as server:
        config = str(server.kubeconfig())
        if words:
            return subprocess.run(words, env={**os.environ, "KUBECONFIG": config}, check=False).returncode
        say(f"an API without nodes answers; kubectl is {server.files.kubectl}; ^C ends it")
        print(f"export KUBECONFIG={config}", flush=True)
        with suppress(KeyboardInterrupt):
            signal.pause()
    return 0


def until(claim: Callable[[], Any], what: str, *, within_s: float = 60.0, every_s: float = AGAIN_S) -> Any:
    """Its first true answer; when there is none in time, a failure that says `what` was waited for."""
    deadline = time.monotonic() + within_s
    while not (answer := claim()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s:.0f} s: {what}")
        select.select([], [], [], every_s)
    return answer


def _certify(folder: Path) -> None:
    if (folder / "cert.pem").exists():
        return
    command = [
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
        *("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem"), "-days", "30", "-subj", "/CN=lab"),
        *("-addext", f"subjectAltName={','.join(NAMES)}"),
    ]
    run(command, failing="making a certificate failed")


def _started(command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as words:
        return subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *command],
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            start_new_session=True,
        )


def _kill(process: subprocess.Popen[bytes] | None) -> None:
    if process is not None:
        process.kill()
        process.wait()


def _ends_within(process: subprocess.Popen[bytes], limit_s: float) -> bool:
    with suppress(subprocess.TimeoutExpired):
        process.wait(limit_s)
    return process.returncode is not None


def _last_words(log: Path) -> str:
    return "\n".join(f"    {line[:300]}" for line in log.read_text(errors="replace").splitlines()[-15:])


def _free_ports(count: int) -> list[int]:
    """Chosen by chance, so that runs side by side rarely want the same."""
    found: list[int] = []
    while len(found) < count:
        port = random.choice(PORTS)
        with socket.socket() as door, suppress(OSError):
            door.bind(("127.0.0.1", port))
            found.append(port)
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
