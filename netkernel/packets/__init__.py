"""Packet codecs, shared by everyone who speaks on a wire: plain values to bytes and back, no sockets."""
