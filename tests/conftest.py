"""All tests may say which kernel features they need, and stand in a throw-away namespace."""

from hypothesis import HealthCheck, settings

pytest_plugins = ("pytester", "lab.plugin")

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
"""How long an example takes says more of the machine's other work than of what is tested."""
