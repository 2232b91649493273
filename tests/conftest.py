"""All tests may say which kernel features they need, and stand in a throw-away namespace."""

import os

from hypothesis import settings

pytest_plugins = ("pytester", "lab.plugin")

# What lands is judged on the same examples each time; new ones are drawn by whoever runs the tests elsewhere.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI") == "true":
    settings.load_profile("ci")
