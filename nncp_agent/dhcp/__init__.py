"""Addresses from DHCP: clients as pure state machines, and the small process that keeps leases for a host.

`machine` decides (RFC 2131), `client` speaks for it on one link, `keeper` is the process with all clients of a
namespace (see `keeping`). What a server gave stands in `lease`, and on the disk by `leases`. `v6` is the same for IPv6.
"""
