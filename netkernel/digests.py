"""SHA-2 from the interpreter itself: `hashlib` loads OpenSSL, which takes 3 MB of memory for a few short texts."""

from __future__ import annotations

from netkernel.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import sha256, sha512
else:
    try:
        from _sha2 import sha256, sha512  # Python 3.12
    except ImportError:
        try:
            from _sha256 import sha256
            from _sha512 import sha512
        except ImportError:  # built without
            from hashlib import sha256, sha512

__all__ = ["sha256", "sha512"]
