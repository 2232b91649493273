"""All tests may say which kernel features they need, and stand in a throw-away namespace."""

pytest_plugins = ("pytester", "lab.plugin")
