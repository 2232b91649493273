"""CNI_ARGS: `KEY=VALUE;KEY=VALUE`, some keys known to a plugin, the others refused unless told to ignore them."""

from __future__ import annotations

from collections.abc import Collection

from cni.types.errors import INVALID_ENVIRONMENT, CniError
from netkernel.typed import Final

_IGNORE: Final = "IgnoreUnknown"


def read(text: str, known: Collection[str]) -> dict[str, str]:
    """The known keys that are there. Keys are exact; the last of two alike counts.

    Raises CniError for a pair that is none, an unknown key without `IgnoreUnknown=1`, and a word that is no boolean.
    """
    found: dict[str, str] = {}
    unknown = []
    ignores = False
    for pair in text.split(";") if text else ():
        key, separator, value = pair.partition("=")
        if not separator or "=" in value:
            raise CniError(INVALID_ENVIRONMENT, f'ARGS: invalid pair "{pair}"')
        if key == _IGNORE:
            ignores = _boolean(pair, value)
        elif key in known:
            found[key] = value
        else:
            unknown.append(f'"{pair}"')
    if unknown and not ignores:
        hint = f"wanted {' or '.join([*sorted(known), _IGNORE])}; {_IGNORE}=1 lets others through"
        raise CniError(INVALID_ENVIRONMENT, f"ARGS: unknown args [{' '.join(unknown)}]", hint)
    return found


def _boolean(pair: str, word: str) -> bool:
    if word.lower() not in ("0", "1", "false", "true"):
        what = f"boolean unmarshal error: invalid input {word}"
        raise CniError(INVALID_ENVIRONMENT, f'ARGS: error parsing value of pair "{pair}": {what}')
    return word.lower() in ("1", "true")
