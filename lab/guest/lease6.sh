#!/bin/busybox sh
# What dhclient(8) calls with what a server of DHCPv6 told it.
case $reason in
  BOUND6 | RENEW6 | REBIND6)
    ip -6 addr replace "$new_ip6_address/$new_ip6_prefixlen" dev "$interface"
    echo "LEASE6 $interface $new_ip6_address dns=$new_dhcp6_name_servers search=$new_dhcp6_domain_search" ;;
esac
