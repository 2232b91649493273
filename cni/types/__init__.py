"""The values of the protocol: versions, errors, arguments, configurations as Go reads them, results."""
