"""What this node says of itself, for templates like `{{ node.labels.rack }}`: /etc/nncp/node.yaml.

```
name: worker-3            # the host's name when not stated
labels: {rack: "7"}
annotations: {uplink: eth2}
checks: {dns: {enabled: false}}   # for all policies; what one says in `spec.checks` goes over it
```

A Node as `kubectl get node worker-3 -o yaml` prints it will do, too.
"""

from __future__ import annotations

import os
from typing import Final

from netkernel.documents import LARGEST, Unreadable, read
from nncp_agent.errors import InvalidPolicy, Problem
from nncp_agent.policy.node import Node, of_document

USUAL: Final = "/etc/nncp/node.yaml"


def node(path: str | None = None) -> Node:
    """The node of the file; without one of USUAL, which need not be there. Raises InvalidPolicy."""
    host, source = os.uname().nodename, path or USUAL
    try:
        with open(source, "rb") as file:
            documents = read(file.read(LARGEST + 1), source)
    except FileNotFoundError as error:
        if path is None:
            return Node(host)
        raise InvalidPolicy([Problem("", f"cannot read it: {error.strerror}", source)]) from None
    except (OSError, ValueError) as error:
        raise InvalidPolicy([Problem("", f"cannot read it: {getattr(error, 'strerror', error)}", source)]) from None
    except Unreadable as error:
        raise InvalidPolicy([Problem("", error.message, error.source, error.line)]) from None
    found, problems = of_document(documents[0].value if documents else {}, host, source)
    if problems:
        raise InvalidPolicy(problems)
    return found
