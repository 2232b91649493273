#!/bin/busybox sh
# First process of a guest: drivers of its NICs, then what the test wants done. Words go to the console.
/bin/busybox mkdir -p /proc /sys /dev
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
exec </dev/console >/dev/console 2>&1
while read -r module; do insmod "/modules/$module"; done </modules/order
ip link set lo up
. /todo
poweroff -f
