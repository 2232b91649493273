"""What switches say of themselves (LLDP): a small process that listens on a host's links, and says nothing.

`neighbours` decides what is known of a link (IEEE 802.1AB), `ear` hears it, `listener` does so for one link, `keeper`
is the process (see `keeping`), `hearing` listens for a while without one.
"""
