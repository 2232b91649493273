"""What a guest is told of its addresses: DHCP for both families, router advertisements; a process for each VM."""
