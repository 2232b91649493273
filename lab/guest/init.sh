#!/bin/bash
# First process of a test kernel. The host's own root is the lower layer of an overlay, so the guest sees the user's tree,
# interpreter and tools, and whatever it writes stays in its memory; only $LAB_OUT is shared with the host; its errand
# lies in $LAB_OUT/$LAB_NAME. These, LAB_GUEST (uml or qemu), LAB_TERMINAL and LAB_MODULES come on the kernel's command line.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

power_off() { sync; echo o >/proc/sysrq-trigger; while read -r -t 1000 <> <(:); do :; done; }
give_up() { echo "lab: the guest cannot go on: $*"; power_off; }
# a mount(8) of the new kind hands options over one by one, as names with values
hostfs() { mount -t hostfs -o "$1" none "$2" 2>/dev/null || mount -t hostfs -o "hostfs=$1" none "$2"; }

if [ -z "$LAB_ROOT" ]; then
    mount -t proc proc /proc
    if [ "$LAB_GUEST" = uml ]; then
        mount -t tmpfs -o size=75%,mode=755 tmpfs /run || give_up "no tmpfs"
        mkdir -p /run/root/{upper,work,merged}
        mount -t overlay -o lowerdir=/,upperdir=/run/root/upper,workdir=/run/root/work overlay /run/root/merged ||
            give_up "no overlay"
        umount /proc
        LAB_ROOT=overlay exec chroot /run/root/merged /bin/bash "$0"
    fi
fi

mountpoint -q /proc || mount -t proc proc /proc
mountpoint -q /sys || mount -t sysfs sysfs /sys
mountpoint -q /dev || mount -t devtmpfs devtmpfs /dev
# /tmp stays the overlay's: a checkout below the host's /tmp must be visible
for place in /run:755 /dev/shm:1777; do
    mkdir -p "${place%:*}" && mount -t tmpfs -o "mode=${place#*:}" tmpfs "${place%:*}"
done
mkdir -p /dev/pts /sys/fs/cgroup /run/netns /run/lock "$LAB_OUT"
mount -t devpts -o ptmxmode=666 devpts /dev/pts
ln -sf /proc/self/fd /dev/fd
for each in 0:stdin 1:stdout 2:stderr; do ln -sf "/proc/self/fd/${each%:*}" "/dev/${each#*:}"; done
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null
mount -t bpf bpf /sys/fs/bpf 2>/dev/null

if [ "$LAB_GUEST" = uml ]; then
    hostfs "$LAB_OUT" "$LAB_OUT" || give_up "no hostfs on $LAB_OUT"
    terminal=/dev/tty0
else
    mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000 out "$LAB_OUT" || give_up "no 9p on $LAB_OUT"
    terminal=/dev/ttyS0
fi
if [ -n "$LAB_MODULES" ]; then
    mkdir -p /lib/modules && ln -sfn "$LAB_MODULES" "/lib/modules/$(uname -r)"
    # what no request autoloads: device nodes need udev, and drivers make no first device of their own this way
    modprobe -qa tun vhost_net br_netfilter
    printf 'options %s\n' "bonding max_bonds=0" "dummy numdummies=0" "ifb numifbs=0" >/run/lab-modprobe.conf
    mkdir -p /run/modprobe.d && mv /run/lab-modprobe.conf /run/modprobe.d/
fi

hostname lab
ip link set lo up
echo 1 >/proc/sys/kernel/panic_on_oops
echo 1 >/proc/sys/kernel/sysrq
echo 1 >/proc/sys/kernel/printk # drivers explain refusals on the console, in the middle of what tests say; dmesg has it
printf '\036up\n'
errand=$LAB_OUT/$LAB_NAME
cd /
if [ -n "$LAB_TERMINAL" ]; then
    setsid --ctty --wait bash "$errand/command.sh" <>"$terminal" >&0 2>&1
else
    bash "$errand/command.sh" </dev/null
fi
echo $? >"$errand/status.new" && mv "$errand/status.new" "$errand/status"
printf '\036down\n'
power_off
