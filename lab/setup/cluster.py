"""kube-apiserver, etcd and kubectl for tests: from Debian's packages, the server built once, all of it in the cache."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from lab.setup import apt
from lab.setup.base import SetupFailed, alone, cache, run, say

SUITE: Final = "bookworm"
"""The last Debian whose `kubernetes` has the whole source; what later ones ship cannot build the server."""
UNPACKED: Final = ("golang-1.19-go", "golang-1.19-src", "etcd-server", "kubernetes-client")
"""Not installed: etcd's package would start one on the user's machine."""
VERSION: Final = "1.20.2"
RECIPE: Final = "6"
"""Part of the cache's key; another number builds anew."""
PREFIX: Final = "k8s.io/kubernetes"
NEWER: Final = ("golang-github-modern-go-reflect2-dev", "github.com/modern-go/reflect2")
"""A package, and the part of `vendor` it stands for: the server's own copy walks maps as Go did before 1.18, so with
Go 1.19 the first custom resource makes the server crash."""
ZERO: Final = (
    "k8s.io/kube-openapi/pkg/validation/validate/type.go",
    "if data == nil || reflect.DeepEqual(reflect.Zero(reflect.TypeOf(data)), reflect.ValueOf(data)) {",
    "if data == nil {",
)
"""A file of `vendor`, a line, and what it must be. It compares two reflect.Values, which never were equal before
Go 1.18 and are since then, so that the server refused every empty text, zero and false that a schema knows."""
ANNOTATED: Final = "+k8s:openapi-gen="
STAGED: Final = (
    *("api", "apimachinery", "apiserver", "kube-aggregator", "apiextensions-apiserver", "component-base", "metrics"),
)
ALWAYS_DESCRIBED: Final = ("version", "runtime", "util/intstr", "api/resource")
"""Packages of apimachinery that the generated file names without being annotated (as in upstream's Makefile)."""
ABOUT_PACKAGES: Final = 1420
ABOUT_CPU_MINUTES: Final = 6
TELL_EVERY_S: Final = 60


@dataclass(frozen=True)
class Binaries:
    etcd: Path
    apiserver: Path
    kubectl: Path


def at_hand(environment: Mapping[str, str] = os.environ) -> Binaries | None:
    """What KUBEBUILDER_ASSETS and KUBE_APISERVER name, else the cached ones. Raises SetupFailed if that is nothing."""
    assets, server = environment.get("KUBEBUILDER_ASSETS"), environment.get("KUBE_APISERVER")
    if assets:
        folder = Path(assets)
        named = Path(server) if server else folder / "kube-apiserver"
        kubectl = folder / "kubectl"
        if not kubectl.exists() and (installed := shutil.which("kubectl")):
            kubectl = Path(installed)
        return _checked(Binaries(folder / "etcd", named, kubectl))
    home = _home(environment)
    built = Binaries(home / "etcd", home / "kube-apiserver", home / "kubectl")
    if not (home / "kubectl").exists() or not (server or built.apiserver.exists()):
        return None
    return _checked(Binaries(built.etcd, Path(server), built.kubectl)) if server else built


def ensure() -> Binaries:
    """The same, built first where there is none. Raises SetupFailed."""
    if found := at_hand():
        return found
    with alone("cluster"):
        return at_hand() or _make(with_server="KUBE_APISERVER" not in os.environ)


def _checked(found: Binaries) -> Binaries:
    for file in (found.etcd, found.apiserver, found.kubectl):
        if not os.access(file, os.X_OK):
            raise SetupFailed(f"{file}: no executable is there (KUBEBUILDER_ASSETS, KUBE_APISERVER)")
    return found


def _home(environment: Mapping[str, str] = os.environ) -> Path:
    return cache(environment) / f"cluster-{VERSION}-{RECIPE}"


def _make(*, with_server: bool) -> Binaries:
    with _workshop() as work, apt.suite(SUITE, anywhere=True, sources=True) as archive:
        say(f"fetching etcd, kubectl and the source of kube-apiserver {VERSION} (from Debian; into the cache only)")
        ready = work / "ready"
        ready.mkdir()
        for package in UNPACKED if with_server else UNPACKED[2:]:
            deb = archive.download(package, work)
            run(["dpkg-deb", "-x", str(deb), str(work / "files")], failing=f"unpacking {deb.name} failed")
        shutil.copy(work / "files/usr/bin/etcd", ready)
        shutil.copy(work / "files/usr/bin/kubectl", ready)
        if with_server:
            shutil.copy(_built(archive, work), ready)
        home = _home()
        home.mkdir(exist_ok=True)
        for file in sorted(ready.iterdir()):  # the server is there before kubectl, which says that all is
            shutil.move(file, home / f"{file.name}.new")
            (home / f"{file.name}.new").rename(home / file.name)
    found = at_hand()
    assert found is not None
    return found


@contextmanager
def _workshop() -> Iterator[Path]:
    """A build takes 3 GB; /tmp may be memory. What Go unpacks is read-only, which root does not mind."""
    with TemporaryDirectory(prefix="nncp-agent-cluster-", dir="/var/tmp") as directory:
        yield Path(directory)


def _built(archive: apt.Archive, work: Path) -> Path:
    source = work / "gopath/src" / PREFIX
    source.mkdir(parents=True)
    tarball = archive.source("kubernetes", work)
    run(["tar", "-xf", str(tarball), "-C", str(source), "--strip-components=1"], failing="unpacking the source failed")
    _renew(archive, work, source / "vendor")
    go = Go(work)
    _describe(go, source, work)
    jobs = len(os.sched_getaffinity(0))
    log = cache() / "cluster-build.log"
    say(
        f"building kube-apiserver {VERSION} (once; about {-(-ABOUT_CPU_MINUTES // jobs)} minutes on {jobs} CPUs; {log})"
    )
    major, minor, _ = VERSION.split(".")
    told = {"gitVersion": f"v{VERSION}", "gitMajor": major, "gitMinor": minor}
    place = f"{PREFIX}/vendor/k8s.io/component-base/version"
    flags = " ".join(["-s", "-w", *(f"-X {place}.{name}={value}" for name, value in told.items())])
    go.build(f"{PREFIX}/cmd/kube-apiserver", work / "kube-apiserver", log, "-ldflags", flags)
    return work / "kube-apiserver"


def _renew(archive: apt.Archive, work: Path, vendor: Path) -> None:
    package, place = NEWER
    deb = archive.download(package, work)
    run(["dpkg-deb", "-x", str(deb), str(work / "files")], failing=f"unpacking {deb.name} failed")
    file, line, instead = vendor / ZERO[0], *ZERO[1:]
    text = file.read_text()
    if text.count(line) != 1:
        raise SetupFailed(f"{file} is not the one that this was written for")
    file.write_text(text.replace(line, instead))
    shutil.rmtree(vendor / place)
    shutil.copytree(work / "files/usr/share/gocode/src" / place, vendor / place)


def _describe(go: Go, source: Path, work: Path) -> None:
    """Make the one generated file that the tarball lacks; its own Makefile wants another layout for that."""
    generator = work / "openapi-gen"
    go.build(f"{PREFIX}/vendor/k8s.io/kube-openapi/cmd/openapi-gen", generator, cache() / "cluster-build.log")
    machinery = [f"{PREFIX}/vendor/k8s.io/apimachinery/pkg/{name}" for name in ALWAYS_DESCRIBED]
    command = [
        *(str(generator), "-O", "zz_generated.openapi", "-p", f"{PREFIX}/pkg/generated/openapi"),
        *("--output-base", str(work / "gopath/src"), "-r", "/dev/null"),
        *("-h", str(source / "hack/boilerplate/boilerplate.generatego.txt")),
        *("-i", ",".join([*described(source), *machinery])),
    ]
    run(command, failing="generating the server's OpenAPI failed", directory=source, environment=go.environment)


def described(source: Path) -> list[str]:
    """Import paths of the packages whose types the server describes."""
    staging = source / "staging/src"
    roots = [source / "pkg", *(staging / "k8s.io" / name for name in STAGED)]
    found = set()
    for file in (file for root in roots for file in root.rglob("*.go")):
        if not file.name.endswith("_test.go") and ANNOTATED in file.read_text(errors="replace"):
            folder = file.parent
            below = f"{PREFIX}/vendor/{folder.relative_to(staging)}" if folder.is_relative_to(staging) else ""
            found.add(below or f"{PREFIX}/{folder.relative_to(source)}")
    return sorted(found)


class Go:
    """The unpacked compiler, in the layout of before modules: with those it refuses this tree's `vendor`."""

    def __init__(self, work: Path) -> None:
        root = work / "files/usr/lib/go-1.19"
        self.command: Final = str(root / "bin/go")
        self.environment: Final = {
            "GOROOT": str(root),
            "GOPATH": str(work / "gopath"),
            "GOCACHE": str(work / "cache"),
            "GOTMPDIR": str(work),
            "GO111MODULE": "off",
            "CGO_ENABLED": "0",
            "GOFLAGS": "",
        }

    def build(self, package: str, into: Path, log: Path, *words: str) -> None:
        """Raises SetupFailed; says now and then how far it is."""
        command = [self.command, "build", "-v", *words, "-o", str(into), package]
        with (
            log.open("w") as lines,
            subprocess.Popen(
                command,
                env={**os.environ, **self.environment},
                cwd=into.parent,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            ) as process,
        ):
            assert process.stdout is not None
            began = told = time.monotonic()
            for count, line in enumerate(process.stdout):
                lines.write(line)
                if (now := time.monotonic()) - told >= TELL_EVERY_S:
                    told = now
                    say(f"  {min(count / ABOUT_PACKAGES, 0.99):3.0%} built in {(now - began) / 60:.0f} minutes")
        if process.returncode:
            raise SetupFailed(f"compiling {package} failed: see {log}\n{_last_words(log)}")


def _last_words(log: Path) -> str:
    return "\n".join(f"    {line}" for line in re.split(r"\n", log.read_text())[-10:])
