"""The policy language: what a document asks of the host it is read on, answered before anything else reads it.

```
capture:
  uplink: interfaces.name == capture.way-out.routes.running.0.next-hop-interface     filter
  way-out: routes.running.destination == "0.0.0.0/0"
  moved: capture.way-out | routes.running.next-hop-interface := "br1"                replacement
desiredState:
  interfaces:
  - name: "{{ node.labels.bridge | default \\"br1\\" }}"
    mac-address: "{{ capture.uplink.interfaces.0.mac-address }}"
```

`lexer`, `parser`, `evaluator` and `template` know expressions, `order` which capture needs which, `node` what a node
says of itself, `sites` where in its file an expression stands; `resolver` puts them together. All pure, on plain values
(nmstate.md 5.8). Only `may_ask` is here, because most documents ask nothing and shall not pay for the rest.
"""

from __future__ import annotations

from collections.abc import Iterable

from netkernel.documents import Document

__all__ = ["may_ask"]


def may_ask(documents: Iterable[Document]) -> bool:
    """Whether any of them may hold a capture or a template; those that were never text are not looked into."""
    return any(not each.text or "{{" in each.text or "capture" in each.text for each in documents)
