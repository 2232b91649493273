"""What a kernel does not say: links read from messages of kernels older than an attribute."""

from netkernel import tlv
from netkernel.codec import shapes


def test_a_macsec_link_of_a_kernel_that_does_not_tell_its_offload_has_none() -> None:
    """Linux 6.1 takes IFLA_MACSEC_OFFLOAD and does not report it (macsec_fill_info)."""
    info = tlv.nest(shapes.LINK_INFO, tlv.text(shapes.KIND, "macsec"), tlv.nest(shapes.KIND_DATA, tlv.u8(7, 1)))
    message = shapes.HEADER.pack(0, 1, 5, 0, 0) + tlv.text(shapes.NAME, "ms1") + info
    link = shapes.Links().read(message, 0, len(message), {5: "ms1"})
    assert (link.attrs["encrypt"], link.attrs["offload"]) == (1, "off")
