"""`python -m cni.schema` writes the schemas; with --check it only says which one on disk is stale (status 1)."""

import sys

from cni.schema import SHAPES, file, text

stale = [plugin for plugin in SHAPES if not file(plugin).exists() or file(plugin).read_text() != text(plugin)]
if sys.argv[1:] == ["--check"]:
    for plugin in stale:
        print(f"{file(plugin).name} is stale: python -m cni.schema", file=sys.stderr)
    sys.exit(1 if stale else 0)
for plugin in stale:
    file(plugin).write_text(text(plugin))
