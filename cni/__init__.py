"""CNI plugins that wire VM pods onto the node's bridges: `cnv-bridge` and `cnv-tuning`, and what all plugins share.

The protocol is the Container Network Interface specification, 0.1.0 to 1.1.0. Where the specification is silent we do
as the Go plugins of containernetworking do, whose place ours take.
"""
