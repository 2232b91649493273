"""NetworkAttachmentDefinitions, for the webhook that gives pods the resources of their networks."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from nncp_agent.central.admission import Networks
from nncp_agent.kube.client import Api
from nncp_agent.kube.errors import ApiError, NotFound
from nncp_agent.kube.resources import NETWORKS

log = logging.getLogger(__name__)


def networks(api: Api) -> Networks:
    """Asks for each as it is named; one that cannot be read keeps no pod from starting."""

    def found(namespace: str, name: str) -> Mapping[str, Any] | None:
        try:
            return api.get(NETWORKS, name, namespace)
        except NotFound:
            return None
        except ApiError as error:
            log.warning("network %s/%s: %s", namespace, name, error)
            return None

    return found
