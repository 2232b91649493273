"""Netlink messages to records and back, one file per record. Pure: bytes and values in, values and bytes out."""
