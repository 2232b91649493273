#!/bin/bash
# First process of a machine that boots with systemd (lab/machine.py). Its root is, from the top: memory; the machine's
# own disk; unpacked packages; the host's root without what would start things there. $LAB_OUT/$LAB_NAME/machine says
# which directories these are, and which directories of the disk last (all else that is written is forgotten).
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

power_off() { sync; echo o >/proc/sysrq-trigger; while read -r -t 1000 <> <(:); do :; done; }
give_up() { echo "lab: the machine cannot go on: $*"; power_off; }
# a mount(8) of the new kind hands options over one by one, as names with values
hostfs() { mount -t hostfs -o "$1" none "$2" 2>/dev/null || mount -t hostfs -o "hostfs=$1" none "$2"; }

# what a host's owner configured is not the machine's, nor what tells systemd that it is in a container
HIDDEN=(/.dockerenv /etc/{.updated,fstab,crypttab,machine-id,init.d,rc?.d,systemd,udev,sysctl.d,sysctl.conf}
    /etc/{modules-load.d,modprobe.d,tmpfiles.d,sysusers.d,dbus-1,NetworkManager,netplan,network})
# what no errand needs and what would take longest, or lay a file system over /tmp, where a checkout may be
LEFT_OUT=(systemd-logind.service systemd-user-sessions.service systemd-update-utmp.service getty.target
    systemd-update-utmp-runlevel.service modprobe@.service systemd-modules-load.service systemd-binfmt.service
    systemd-ask-password-wall.path systemd-ask-password-console.path systemd-tmpfiles-clean.timer
    systemd-journal-flush.service systemd-hwdb-update.service systemd-journal-catalog-update.service ldconfig.service
    systemd-initctl.socket proc-sys-fs-binfmt_misc.automount systemd-firstboot.service tmp.mount)

mount -t proc proc /proc
mount -t tmpfs -o size=75%,mode=755 tmpfs /run || give_up "no tmpfs"
memory=/run/root root=/run/root/merged errand=$LAB_OUT/$LAB_NAME
mkdir -p $memory/{upper,work,merged,hidden}
. "$errand/machine" || give_up "no $errand/machine"

for path in "${HIDDEN[@]}"; do
    # a character device 0:0 in a layer hides what lies below it (overlayfs's whiteout)
    [ -e "$path" ] && mkdir -p "$memory/hidden${path%/*}" && mknod "$memory/hidden$path" c 0 0
done
lower=$memory/hidden:/
for number in "${!LAYERS[@]}"; do
    # mounted anew: overlayfs takes no layer that lies within another
    mkdir "$memory/layer$number"
    hostfs "${LAYERS[number]}" "$memory/layer$number" || give_up "no layer ${LAYERS[number]}"
    lower=$memory/layer$number:$lower
done
mount -t overlay -o "lowerdir=$lower,upperdir=$memory/upper,workdir=$memory/work" overlay $root || give_up "no overlay"
for path in "${KEEPS[@]}"; do
    mkdir -p "$root$path"
    hostfs "$DISK$path" "$root$path" || give_up "no $path"
done
mkdir -p "$root$LAB_OUT"
hostfs "$LAB_OUT" "$root$LAB_OUT" || give_up "no hostfs on $LAB_OUT"

mount -t tmpfs -o mode=755 tmpfs $root/run
mkdir -p $root/run/systemd/system/multi-user.target.wants $root/etc/{tmpfiles.d,sysusers.d}
# nor may systemd empty /tmp
ln -s /dev/null $root/etc/tmpfiles.d/tmp.conf
rm -f $root/usr/lib/systemd/system-generators/*
# packages that are only unpacked made no users
grep -q ^messagebus: $root/etc/passwd || echo 'u messagebus - "dbus"' >$root/etc/sysusers.d/lab.conf
for unit in "${LEFT_OUT[@]}"; do ln -s /dev/null "$root/run/systemd/system/$unit"; done
cat >$root/run/systemd/system/lab.service <<UNIT
[Unit]
Description=What the machine was switched on for
After=multi-user.target
[Service]
ExecStart=/bin/bash $errand/command.sh
StandardOutput=append:$errand/output
StandardError=inherit
ExecStopPost=/bin/sh -c 'echo \$EXIT_STATUS >$errand/status; exec systemctl poweroff -ff >/dev/null 2>&1'
UNIT
ln -s ../lab.service $root/run/systemd/system/multi-user.target.wants/lab.service
echo 10000000000000000000000000000001 >$root/etc/machine-id
echo machine >$root/etc/hostname
umount /proc
exec chroot $root /lib/systemd/systemd
give_up "no systemd"
