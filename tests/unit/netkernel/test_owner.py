"""Owner stamps on links."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netkernel import owner


@given(st.sampled_from(["cni", "vmnet"]), st.text(st.characters(blacklist_categories=["Cs"])))
def test_a_stamp_fits_the_kernel_and_names_its_owner(who: str, id: str) -> None:
    alias = owner.stamp(who, id)
    assert len(alias.encode()) <= 255
    assert "\0" not in alias
    read = owner.read(alias)
    assert read is not None
    assert read.owner == who


def test_a_short_id_is_kept_as_it_is() -> None:
    assert owner.read(owner.stamp("cni", "net1/abc:eth0")) == owner.Stamp("cni", "net1/abc:eth0")


def test_two_long_ids_get_two_stamps() -> None:
    assert owner.stamp("cni", "x" * 300 + "a") != owner.stamp("cni", "x" * 300 + "b")


def test_an_id_cannot_pose_as_the_hash_of_another() -> None:
    hashed = owner.read(owner.stamp("cni", "x" * 300))
    assert hashed is not None
    assert owner.stamp("cni", hashed.id) != owner.stamp("cni", "x" * 300)


@pytest.mark.parametrize("alias", ["", "uplink to rack 4", "nncp:", "nncp:cni", "nncp::id", "NNCP:cni:1"])
def test_an_alias_a_user_wrote_is_no_stamp(alias: str) -> None:
    assert owner.read(alias) is None
