"""The lab: a full-featured Linux for tests and demos on machines whose own kernel is not."""
