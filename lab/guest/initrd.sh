#!/bin/busybox sh
# First process of the reference kernel: reach the host's root over 9p, lay a tmpfs over it, go on there with init.sh.
/bin/busybox mkdir -p /proc /sys /dev /lower /memory /root
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
give_up() { echo "lab: the guest cannot reach its root: $*" >/dev/console; poweroff -f; }
while read -r module; do insmod "/modules/$module" || give_up "no $module"; done </modules/order
mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=512000,cache=loose root /lower || give_up "no 9p"
mount -t tmpfs -o size=75% tmpfs /memory
mkdir /memory/upper /memory/work
mount -t overlay -o lowerdir=/lower,upperdir=/memory/upper,workdir=/memory/work overlay /root || give_up "no overlay"
for place in proc sys dev; do mount --move "/$place" "/root/$place"; done
LAB_ROOT=overlay exec switch_root /root /bin/bash "$LAB_INIT" </root/dev/console >/root/dev/console 2>&1
