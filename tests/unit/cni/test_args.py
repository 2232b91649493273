"""CNI_ARGS as the Go library reads them."""

import pytest

from cni.types.args import read
from cni.types.errors import CniError

KUBERNETES = "IgnoreUnknown=1;K8S_POD_NAMESPACE=a;K8S_POD_NAME=b;MAC=02:00:00:00:00:01"


def test_known_keys_are_read_and_the_last_of_two_counts() -> None:
    assert read(KUBERNETES, {"MAC"}) == {"MAC": "02:00:00:00:00:01"}
    assert read("MAC=a;MAC=b", {"MAC"}) == {"MAC": "b"}
    assert read("", {"MAC"}) == {}


def test_unknown_keys_may_be_ignored_wherever_that_is_said() -> None:
    assert read("Z=1;IgnoreUnknown=TRUE", {"MAC"}) == {}
    assert read("IgnoreUnknown=0", {"MAC"}) == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a=b", 'ARGS: unknown args ["a=b"]'),
        ("mac=b", 'ARGS: unknown args ["mac=b"]'),
        ("MAC=b;Z=1;Y=2", 'ARGS: unknown args ["Z=1" "Y=2"]'),
        ("Z=1;IgnoreUnknown=0", 'ARGS: unknown args ["Z=1"]'),
        ("MAC=b;", 'ARGS: invalid pair ""'),
        ("MAC=b=c", 'ARGS: invalid pair "MAC=b=c"'),
        (
            "MAC=b;IgnoreUnknown=foo",
            'ARGS: error parsing value of pair "IgnoreUnknown=foo": boolean unmarshal error: invalid input foo',
        ),
    ],
)
def test_what_is_not_understood_is_refused(text: str, message: str) -> None:
    with pytest.raises(CniError) as refused:
        read(text, {"MAC"})
    assert (refused.value.code, refused.value.message) == (4, message)
