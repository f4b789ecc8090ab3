"""Has Microsoft's own signing policy sign requests; which one is decided by PYTHONPATH.

Standard input: a JSON array of {"method", "url", "body", "date", "key"}; `date` is the text of the
date header, which the policy would otherwise make from its clock. Standard output: a JSON array of
Authorization headers.
"""

import importlib
import json
import pkgutil
import sys

import azure.communication
from azure.core.pipeline import PipelineContext, PipelineRequest
from azure.core.pipeline.transport import HttpRequest

(PACKAGE,) = [module.name for module in pkgutil.iter_modules(azure.communication.__path__)]
policy = importlib.import_module(f"azure.communication.{PACKAGE}._shared.policy")


def authorization(method, url, body, date, key):
    policy.get_current_utc_time = lambda: date
    scheme, _, rest = url.partition("://")
    signer = policy.HMACCredentialsPolicy(f"{scheme}://{rest.partition('/')[0]}", key)
    request = HttpRequest(method, url)
    request.body = body
    signer.on_request(PipelineRequest(request, PipelineContext(transport=None)))
    return request.headers["Authorization"]


json.dump([authorization(**request) for request in json.load(sys.stdin)], sys.stdout)
