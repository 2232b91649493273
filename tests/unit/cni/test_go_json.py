"""The reader against what Go's reader was seen to say: the messages are those of containernetworking's bridge."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cni.types.go_json import (
    Anything,
    Boolean,
    Integer,
    Mapped,
    Misfit,
    Several,
    Structure,
    Text,
    decoded,
    fitted,
)

ARGS = Structure("BridgeArgs", {"mac": Text()})
SHAPE = Structure(
    "NetConf",
    {
        "name": Text(),
        "vlan": Integer(),
        "isGateway": Boolean(),
        "capabilities": Mapped(Boolean(), "map[string]bool"),
        "dns": Structure("DNS", {"nameservers": Several(Text(), "[]string")}, "types.DNS"),
        "args": Structure("", {"cni": ARGS}, "struct { Cni main.BridgeArgs }"),
        "prevResult": Anything(),
    },
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "unexpected end of JSON input"),
        ("{", "unexpected end of JSON input"),
        ('{"a":"b', "unexpected end of JSON input"),
        ('{"a":', "unexpected end of JSON input"),
        ('{"name":"x",,}', "invalid character ',' looking for beginning of object key string"),
        ('{"name":"x",}', "invalid character '}' looking for beginning of object key string"),
        ('{"name":["x",]}', "invalid character ']' looking for beginning of value"),
        ('{"name":"x" "y"}', "invalid character '\"' after object key:value pair"),
        ('{"name" "y"}', "invalid character '\"' after object key"),
        ('{"name":[1 2]}', "invalid character '2' after array element"),
        ('{"name":[1,{"b":"]"}, 1 2]}', "invalid character '2' after array element"),
        ('{"name":"x"}}', "invalid character '}' after top-level value"),
        ('{"cniVersion":"1.0.0" 5', "invalid character '5' after object key:value pair"),
        ('{"a":tru}', "invalid character '}' in literal true (expecting 'e')"),
        ('{"a":"x\ny"}', "invalid character '\\n' in string literal"),
        ('{"a":"\\q"}', "invalid character 'q' in string escape code"),
        ('{"a":"\\u12g4"}', "invalid character 'g' in \\u hexadecimal character escape"),
        ('{"a":-}', "invalid character '}' in numeric literal"),
        ('{"a":01}', "invalid character '1' after object key:value pair"),
        ('{"a":NaN}', "invalid character 'N' looking for beginning of value"),
        ("{'a':1}", "invalid character '\\'' looking for beginning of object key string"),
    ],
)
def test_a_text_that_is_no_json_is_refused_in_the_words_of_go(text: str, message: str) -> None:
    with pytest.raises(Misfit) as refused:
        decoded(text.encode())
    assert str(refused.value) == message


def test_the_place_of_an_error_is_known() -> None:
    with pytest.raises(Misfit) as refused:
        decoded(b'{\n  "a": 1,\n  "b" 2\n}')
    assert refused.value.where == "line 3, column 7"


@pytest.mark.parametrize(
    ("text", "kind", "field", "wanted"),
    [
        ('{"vlan":"a"}', "string", "NetConf.vlan", "int"),
        ('{"vlan":1.5,"name":1}', "number 1.5", "NetConf.vlan", "int"),
        ('{"vlan":1e3}', "number 1e3", "NetConf.vlan", "int"),
        ('{"vlan":99999999999999999999}', "number 99999999999999999999", "NetConf.vlan", "int"),
        ('{"name":5}', "number", "NetConf.name", "string"),
        ('{"name":true}', "bool", "NetConf.name", "string"),
        ('{"args":{"cni":{"mac":5}}}', "number", "BridgeArgs.args.cni.mac", "string"),
        ('{"capabilities":{"mac":"a"}}', "string", "NetConf.capabilities", "bool"),
        ('{"dns":{"nameservers":"a"}}', "string", "DNS.dns.nameservers", "[]string"),
        ('{"dns":[]}', "array", "NetConf.dns", "types.DNS"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_in_the_words_of_go(text: str, kind: str, field: str, wanted: str) -> None:
    with pytest.raises(Misfit) as refused:
        fitted(decoded(text.encode()), SHAPE)
    assert str(refused.value) == f"json: cannot unmarshal {kind} into Go struct field {field} of type {wanted}"


def test_what_is_no_object_is_refused() -> None:
    with pytest.raises(Misfit, match="json: cannot unmarshal array into Go value of type NetConf"):
        fitted(decoded(b"[]"), SHAPE)


def test_keys_are_found_whatever_their_case_and_the_last_of_two_counts() -> None:
    assert fitted(decoded(b'{"VLAN": 1, "vlan": 2, "IsGateWay": true}'), SHAPE) == {"vlan": 2, "isGateway": True}
    assert fitted(decoded(b'{"vlan": 1, "VLAN": 2}'), SHAPE) == {"vlan": 2}


def test_null_is_as_good_as_absent_and_what_nobody_knows_is_no_error() -> None:
    assert fitted(decoded(b'{"vlan": null, "dns": null, "other": [1]}'), SHAPE) == {}


def test_what_is_kept_as_it_stands_is_json_again() -> None:
    found = fitted(decoded(b'{"prevResult": {"a": [1.5, 1e400, null, 123456789012345678901]}}'), SHAPE)
    assert json.loads(json.dumps(found)) == found


def test_text_that_is_no_unicode_is_mended() -> None:
    assert fitted(decoded(b'{"name": "a\xffb\\ud800"}'), SHAPE) == {"name": "a�b�"}


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 63) - 1) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(sorted(SHAPE.fields)) | st.text(), inner)
    ),
)


@given(st.binary() | _VALUES.map(lambda value: json.dumps(value).encode()))
def test_whatever_bytes_come_they_fit_or_are_refused(data: bytes) -> None:
    try:
        found = fitted(decoded(data), SHAPE)
    except Misfit as refused:
        assert str(refused)
    else:
        assert found.keys() <= SHAPE.fields.keys()


@given(st.text(max_size=8), st.integers(0, 3))
def test_a_json_text_cut_off_anywhere_is_refused(tail: str, cut: int) -> None:
    whole = json.dumps({"name": tail, "dns": {"nameservers": [tail]}}).encode()
    with pytest.raises(Misfit):
        decoded(whole[: len(whole) - 1 - cut])


def test_a_text_nested_beyond_reason_is_refused() -> None:
    with pytest.raises(Misfit, match="exceeded max depth"):
        decoded(b'{"name":' + b"[" * 200_000)
