"""Addresses and name servers from DHCPv6 (RFC 8415), made of the same parts as the client of DHCPv4 around it.

`machine` decides, `messages` are what it says, `granted` what it makes of an answer, `lease` what it holds; `client`
speaks for it on one link.
"""
