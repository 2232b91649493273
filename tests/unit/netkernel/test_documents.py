"""The YAML and JSON reader: what it means, what it refuses, and in which words."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netkernel.documents import LARGEST, Document, Unreadable, read


def value(text: str | bytes) -> object:
    (document,) = read(text)
    return document.value


def refusal(text: str | bytes) -> str:
    with pytest.raises(Unreadable) as caught:
        read(text, "policy.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    "word",
    [
        *("on", "off", "yes", "no", "y", "n", "On", "NO"),
        *("11:22:33:44:55:06", "1:30", "010", "0o10", "0b11", "1_000", "2001-12-14", "2001-12-14 21:59:43"),
        *("192.0.2.1", "192.0.2.0/24", "2001:db8::1", "1e5", ".5", ".inf", ".nan", "12e03", "=", "1-4094", "9" * 40),
    ],
)
def test_a_word_that_only_looks_typed_stays_text(word: str) -> None:
    assert value(f"key: {word}") == {"key": word}


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        *(("true", True), ("True", True), ("FALSE", False), ("null", None), ("~", None), ("", None)),
        *(("0", 0), ("1450", 1450), ("-1", -1), ("0x1F", 31), ("1.5", 1.5), ("1.0e-3", 0.001)),
    ],
)
def test_true_false_null_and_numbers_are_typed(word: str, meaning: object) -> None:
    assert value(f"key: {word}") == {"key": meaning}
    assert type(value(f"- {word}")[0]) is type(meaning)  # type: ignore[index]


def test_quotes_make_text_of_anything() -> None:
    assert value("[ '100', \"true\", 'null' ]") == ["100", "true", "null"]


def test_keys_are_text_whatever_they_look_like() -> None:
    assert value("on: 1\n93: 2\ntrue: 3\n") == {"on": 1, "93": 2, "true": 3}


def test_several_documents_are_several_and_empty_ones_are_none() -> None:
    assert [each.value for each in read("---\na: 1\n---\n# nothing\n---\nb: 2\n...\n")] == [{"a": 1}, {"b": 2}]
    assert read("") == read("# only words\n") == read(b"\xef\xbb\xbf") == ()


def test_json_documents_may_follow_each_other() -> None:
    assert [each.value for each in read('{"a": 1}\n{"b": [true]}\n')] == [{"a": 1}, {"b": [True]}]


def test_yaml_in_flow_style_is_not_mistaken_for_json() -> None:
    assert value("{a: [on, 010]}") == {"a": ["on", "010"]}
    assert value('["a", b]') == ["a", "b"]


def test_a_no_break_space_is_a_blank() -> None:
    assert value("a:\u00a0\n\u00a0 b:\u00a01\n") == {"a": {"b": 1}}


def test_an_alias_repeats_its_anchor() -> None:
    assert value("a: &x {m: 1}\nb: *x\nc: [*x]\n") == {"a": {"m": 1}, "b": {"m": 1}, "c": [{"m": 1}]}


def test_a_merge_key_fills_in_what_is_not_said() -> None:
    text = "one: &one {a: 1, b: 1}\ntwo: &two {b: 2, c: 2}\nboth:\n  c: 3\n  <<: [*one, *two]\nquoted: {'<<': 1}\n"
    assert value(text)["both"] == {"a": 1, "b": 1, "c": 3}  # type: ignore[index]
    assert value(text)["quoted"] == {"<<": 1}  # type: ignore[index]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2\n", "policy.yaml:4: key 'c' stands twice, first in line 3"),
        ('{"a": 1,\n "b": {"c": 1,\n "c": "\\ud83d\\ude00"}}', "policy.yaml:3: key 'c' stands twice, first in line 2"),
        ("a: 1\n\tb: 2\n", "policy.yaml:2: not YAML: a tab cannot indent: use blanks"),
        ("a: @x\n", "policy.yaml:1: not YAML: nothing begins with '@': quote it"),
        ("a: b: c\n", "policy.yaml:1: not YAML: a ':' where no key can stand: quote the value, or mend the indent"),
        ("- a\nb: 1\n", "policy.yaml:2: not YAML: no '-' where a list goes on: mend the indentation"),
        ("a:\n- b\nx\n\n", "policy.yaml:3: not YAML: a line without ':' where a key is due"),
        ('a: "open\n', "policy.yaml:1: not YAML: a quote that is never closed"),
        ("a: [1, 2\nb: 3", "policy.yaml:2: not YAML: a '[' without its ']', or a ',' missing before this"),
        ('{"a": 1,\n "b": }\n', "policy.yaml:2: not JSON: expecting value"),
        ('{"a": NaN}', "policy.yaml: not JSON: NaN is no JSON value"),
        ('{"a": 1e999}', "policy.yaml: not JSON: 1e999 is no finite number"),
        ('{"a": "\\ud800"}', "policy.yaml: half of a surrogate pair"),
        ('{"a": "\\u0000"}', "policy.yaml: a NUL character"),
        ('a: "x\\0"\n', "policy.yaml:1: a NUL character"),
        ("a: 1\nb: \ud800\n", "policy.yaml:2: half of a surrogate pair"),
        ("a: !!binary aGk=\n", "policy.yaml:1: tag tag:yaml.org,2002:binary: tags are not understood here"),
        ("a: !!python/object:os.system x\n", "policy.yaml:1: tag tag:yaml.org,2002:python/object:os.system"),
        ("? [a]\n: 1\n", "policy.yaml:1: a key must be plain text"),
        ("a: *nowhere\n", "policy.yaml:1: alias *nowhere: no anchor &nowhere before it"),
        ("a: &x [*x]\n", "policy.yaml:1: alias *x stands inside what it repeats"),
        ("a:\n  <<: 5\n", "policy.yaml:2: '<<' merges mappings: wanted an alias of one, or a list of them"),
        ("[" * 100 + "]" * 100, "policy.yaml: nested deeper than 64 levels"),
        ("[" * 100_000, "policy.yaml: nested deeper than 64 levels"),
        ('{"a":' * 100_000, "policy.yaml: nested deeper than 64 levels"),
        ("- " * 100 + "x", "policy.yaml:1: nested deeper than 64 levels"),
        (b"a: 1\nb: \xff\n", "policy.yaml:2: not UTF-8 text (byte 0xff)"),
        (b"a: 1\n\0\n", "policy.yaml:2: a NUL byte: this is not a text file"),
        (b"a: 1\nb: \x07\n", "policy.yaml:2: not YAML: a control character: this is not a text file"),
        (b" " * (LARGEST + 1), "policy.yaml: larger than 8 MB"),
    ],
    ids=lambda each: repr(each)[:40],
)
def test_what_cannot_be_read_is_refused_in_words(text: str | bytes, message: str) -> None:
    assert refusal(text).startswith(message)


def test_a_bomb_of_aliases_is_refused() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    assert "more than 1000000 values, counting what aliases repeat" in refusal(bomb)


def test_without_a_source_the_line_still_stands_first() -> None:
    with pytest.raises(Unreadable, match=r"^line 2: key 'a'"):
        read("a: 1\na: 2\n")


YAML = """\
interfaces:
- name: bond1
  link-aggregation:
    mode: on

    port: [eth2,
           eth3]
---
second: &x
  a: 1
third: *x
"""


@pytest.mark.parametrize(
    ("number", "path", "line"),
    [
        (0, [], 1),
        (0, ["interfaces"], 1),
        (0, ["interfaces", 0, "name"], 2),
        (0, ["interfaces", 0, "link-aggregation", "mode"], 4),
        (0, ["interfaces", 0, "link-aggregation", "port", 1], 7),
        (0, ["interfaces", 0, "link-aggregation", "missing", "x"], 3),
        (0, ["interfaces", 7], 1),
        (1, ["second", "a"], 10),
        (1, ["third", "a"], 11),
    ],
)
def test_every_place_has_its_line_or_that_of_what_is_around_it(number: int, path: list[str | int], line: int) -> None:
    assert read(YAML)[number].line(path) == line


def test_lines_of_json_are_found_too() -> None:
    document = read('{"a": [1,\n {"b{": "x\\n",\n "c": null}\n]}\n {"d":\n 1}', "x.json")
    assert [document[0].line(path) for path in (["a", 0], ["a", 1], ["a", 1, "b{"], ["a", 1, "c"])] == [1, 2, 2, 3]
    assert document[1].line(["d"]) == 5


def test_lines_of_flow_yaml_are_found_too() -> None:
    assert read("{a: 1,\n b: 2}")[0].line(["b"]) == 2


def test_a_value_without_a_text_has_no_lines() -> None:
    assert Document({"a": 1}, "somewhere").line(["a"]) is None


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(st.characters(exclude_categories=["Cs", "Cc"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc-é:\n", min_size=1), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text("abc"), PLAIN))
def test_json_means_what_it_says(value_: dict[str, object]) -> None:
    (document,) = read(json.dumps(value_).replace("\\u00a0", " "))
    assert document.value == json.loads(json.dumps(value_).replace("\\u00a0", " "))
    assert document.line(["nowhere"]) == 1


PIECES = ["a", "b: ", "- ", "\n", "\n  ", "\t", "{", "}", "[", "]", ",", ":", '"', "'", "&x ", "*x", "!!str ", "|", ">"]
PIECES += [
    "? ",
    "<<: ",
    "---",
    "%YAML 1.2\n",
    "#",
    "\\ud800",
    "\\u0000",
    "\0",
    "\ud800",
    "\x85",
    "\ufeff",
    "1e999",
    "\\",
]


@given(st.binary() | st.text() | st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
@settings(max_examples=200)
def test_nothing_a_user_can_type_raises_anything_but_unreadable(text: str | bytes) -> None:
    try:
        documents = read(text, "x")
    except Unreadable as error:
        assert str(error).startswith("x:")
        assert "\n" not in error.message
    else:
        for document in documents:
            json.dumps(document.value, ensure_ascii=False).encode()
            assert document.line(["a", 0, "b"])
