"""What router advertisements say of name servers, which the kernel takes no interest in (RFC 8106).

`names` keeps what was heard as long as it counts, `listener` hears it on one link. Addresses and routes from routers
are the kernel's.
"""
