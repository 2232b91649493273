#!/bin/busybox sh
# What udhcpc(8) calls with what a server told it: the link gets it, as distributions' own scripts do it.
case $1 in
  deconfig) ip addr flush dev "$interface"; ip link set "$interface" up ;;
  bound | renew)
    ip addr replace "$ip/$mask" dev "$interface"
    [ -z "$mtu" ] || ip link set "$interface" mtu "$mtu"
    if [ -n "$staticroutes" ]; then
      set -- $staticroutes
      while [ $# -gt 1 ]; do
        if [ "$2" = 0.0.0.0 ]; then ip route replace "$1" dev "$interface"
        else ip route replace "$1" via "$2" dev "$interface"; fi
        shift 2
      done
    else for each in $router; do ip route replace default via "$each" dev "$interface"; done; fi
    echo "LEASE $interface $ip/$mask mtu=$mtu router=$router dns=$dns hostname=$hostname" ;;
  nak) echo "NAK $interface $message" ;;
esac
