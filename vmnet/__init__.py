"""The VM network layer: KVM NICs inside a pod's network namespace, named and wired as KubeVirt does."""
