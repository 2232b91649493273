"""One file per verb: `arguments(parser)`, `run(call) -> exit code`, EXAMPLES for its help."""
