"""A VM from its wires to its end: setup, serve, QEMU with the taps' descriptors, and the pod put back."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from netkernel import macvtap_device, netns, tun_device
from netkernel.errors import NetworkError
from netkernel.typed import Final
from vmnet import monitor, qemu_args
from vmnet.hardware import Device
from vmnet.serve import launch
from vmnet.serve.told import Told, to_json

FORWARDED: Final = (signal.SIGTERM, signal.SIGHUP)


def run(
    namespace: str,
    command: Sequence[str],
    devices: Sequence[Device],
    told: Sequence[Told],
    transcript: str,
    *,
    vhost: bool,
) -> int:
    """Until QEMU ends; gives its exit status, negative for a signal. Raises NetworkError.

    What somebody tells us to end QEMU with, it gets.
    """
    with ExitStack() as stack:
        fds = {device.tap: stack.enter_context(_opened(namespace, device)) for device in devices}
        if told:
            stack.enter_context(_served(namespace, told, transcript))
        ours, theirs = map(stack.enter_context, socket.socketpair())
        words = [*command, *qemu_args.arguments(devices, fds=fds, vhost=vhost)]
        passed = [each for some in fds.values() for each in some]
        if to_be_told := monitor.links_down(devices):
            words += monitor.arguments(theirs.fileno())
            passed.append(theirs.fileno())
        process = stack.enter_context(_started(namespace, words, passed))
        theirs.close()
        with _forwarding(process):
            if to_be_told:
                monitor.tell(ours, to_be_told)
            return process.wait()


@contextmanager
def _started(namespace: str, words: Sequence[str], passed: Sequence[int]) -> Iterator[subprocess.Popen[bytes]]:
    """It has ended after the block, however that ends."""
    with netns.inside(namespace):
        try:
            process = subprocess.Popen(words, pass_fds=passed)
        except OSError as error:
            raise NetworkError(f"{words[0]}: cannot be started: {error.strerror}") from error
    with process:
        try:
            yield process
        finally:
            process.terminate()


@contextmanager
def _opened(namespace: str, device: Device) -> Iterator[list[int]]:
    try:
        with netns.inside(namespace):
            found = _queues(device)
    except OSError as error:
        busy = ": another process has it" if error.errno == 16 else ""
        raise NetworkError(f"{device.tap}: cannot be opened: {error.strerror}{busy}") from error
    try:
        yield found
    finally:
        for descriptor in found:
            os.close(descriptor)


def _queues(device: Device) -> list[int]:
    vnet_hdr = device.nic.model == "virtio"
    if device.is_macvtap:
        return macvtap_device.queues(device.tap, device.queues, vnet_hdr=vnet_hdr)
    return tun_device.queues(device.tap, device.queues, vnet_hdr=vnet_hdr, multi_queue=device.multi_queue)


@contextmanager
def _served(namespace: str, told: Sequence[Told], transcript: str) -> Iterator[None]:
    """From the moment it serves."""
    pipe = subprocess.PIPE
    with netns.inside(namespace):
        process = subprocess.Popen(
            launch.arguments(transcript), stdin=pipe, stdout=pipe, text=True, env=launch.environment()
        )
    with process:
        try:
            assert process.stdin is not None and process.stdout is not None
            process.stdin.write(to_json(told))
            process.stdin.close()
            if process.stdout.readline() != "serving\n":
                raise NetworkError("the process that serves the guest did not come up: it has said why")
            yield
        finally:
            process.terminate()


@contextmanager
def _forwarding(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Signals to end go to QEMU; ^C it has heard itself."""

    def forward(number: int, _: object) -> None:
        process.send_signal(number)

    before: Mapping[int, object] = {number: signal.signal(number, forward) for number in FORWARDED}
    interrupts = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, interrupts)
        for number, handler in before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # as it was
