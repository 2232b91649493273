"""The pod's name servers and search domains, as resolv.conf(5) has them and KubeVirt passes them on to guests."""

from __future__ import annotations

from netkernel.frozen import Frozen
from netkernel.typed import Final

FALLBACK: Final = "8.8.8.8"
"""What KubeVirt tells a guest whose pod has no name server at all."""
CLUSTER: Final = "cluster.local"


class Resolver(Frozen):
    """`servers4` and `servers6` by family; `search` in lower case, in their order."""

    servers4: tuple[str, ...] = ()
    servers6: tuple[str, ...] = ()
    search: tuple[str, ...] = ()

    @property
    def domain(self) -> str:
        """The longest search domain."""
        return max(self.search, key=len, default="")


def read(text: str, subdomain: str = "") -> Resolver:
    """With the guest's own domain before the others: `<subdomain>.<namespace>.svc.<cluster>`, where it is missing."""
    servers: list[str] = []
    search: list[str] = []
    for line in text.splitlines():
        words = line.split()
        if len(words) > 1 and words[0] == "nameserver":
            servers.append(words[1].partition("%")[0])
        elif len(words) > 1 and words[0] in ("search", "domain"):
            search = [word.lower() for word in words[1:]]
    search = search or [CLUSTER]
    services = [each for each in search if ".svc." in each]
    own = f"{subdomain}.{max(services, key=len)}" if subdomain and services else ""
    if own and own not in search:
        search.insert(0, own)
    four = tuple(dict.fromkeys(each for each in servers if ":" not in each))
    return Resolver(four if servers else (FALLBACK,), tuple(each for each in servers if ":" in each), tuple(search))
