"""The HTTP server: the same reading as the command line's, bounded, in processes that can be killed.

It imports neither ``learning`` nor torch. Its own packages come with the extra ``serve``.
"""

from importlib.util import find_spec

from inkdigit.errors import missing_extra

_PACKAGES = {
    "fastapi": "FastAPI",
    "hypercorn": "Hypercorn",
    "prometheus_client": "prometheus-client",
    "python_multipart": "python-multipart",
}

for _module, _package in _PACKAGES.items():
    if find_spec(_module) is None:
        raise missing_extra("serve", _package)
