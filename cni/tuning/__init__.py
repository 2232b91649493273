"""cnv-tuning: sysctls and attributes of the container's interface that another plugin made."""
