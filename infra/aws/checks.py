#!/usr/bin/env python3
"""Checks what no linter knows of the template: what AWS refuses only when the stack is made, and what fails silently.

    infra/aws/checks.py TEMPLATE EXPANDED

writes the template as SAM makes it for CloudFormation to EXPANDED, so that cfn-lint can check that as well: a circle
over a resource that SAM adds is in no template before.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent.parent / ".tools/iac"))
os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-1")  # the translator asks boto3 for one
try:
    from samtranslator.translator.transform import transform
    from samtranslator.yaml_helper import yaml_parse
except ImportError:
    sys.exit("infra/aws/checks.py: SAM is missing: run `make tools`")

ALIAS = "live"
SETTINGS = {"Fn::Sub": "settings ${Settings}"}
# What CloudFormation does with a function, in the place of what the function is.
NOT_CONFIGURATION = {"AutoPublishAlias", "AutoPublishAliasAllProperties", "CodeUri", "DeploymentPreference",
                     "EventInvokeConfig", "Events", "ProvisionedConcurrencyConfig", "Role", "VersionDescription"}
KEY = {"Fn::If": ["HasKmsKey", {"Ref": "KmsKeyArn"}, {"Ref": "AWS::NoValue"}]}


class NoManagedPolicies:
    """An empty list: the template names none, and the translator would ask IAM for theirs."""

    def load(self) -> dict:
        return {}


def main(source: str, target: str) -> int:
    template = yaml_parse(Path(source).read_text())
    checks = (alarms, queue_policies, invocations, rollouts, settings, keys)
    faults = [fault for check in checks for fault in check(template)]
    if faults:
        print("\n".join(faults), file=sys.stderr)
        return 1
    Path(target).write_text(json.dumps(expanded(template)))
    return 0


def resources(template: dict, kind: str) -> dict[str, dict]:
    return {name: resource["Properties"] for name, resource in template["Resources"].items()
            if resource["Type"] == kind}


def functions(template: dict) -> dict[str, dict]:
    return resources(template, "AWS::Serverless::Function")


def alarms(template: dict) -> Iterator[str]:
    for name, alarm in resources(template, "AWS::CloudWatch::Alarm").items():
        expressions = [metric.get("Expression", "") for metric in alarm.get("Metrics", [])]
        if " OR " in json.dumps(expressions).upper():
            yield f"{name}: CloudWatch's queries know no OR"


def queue_policies(template: dict) -> Iterator[str]:
    for name, policy in resources(template, "AWS::SQS::QueuePolicy").items():
        statements = policy["PolicyDocument"]["Statement"]
        if len(policy["Queues"]) > 1 or any(isinstance(one["Resource"], list) for one in statements):
            yield f"{name}: SQS takes one queue a policy and one resource a statement"


def invocations(template: dict) -> Iterator[str]:
    """Users and queues must get the version that a rollout gives them, not the newest code."""
    api = template["Resources"]["HttpApi"]["Properties"]["DefinitionBody"]
    invoked = set()
    for name, integration in api["components"]["x-amazon-apigateway-integrations"].items():
        found = re.search(r"/functions/\$\{(\w+)\.Arn\}:(\w+)/invocations$", integration["uri"]["Fn::Sub"])
        if found is None or found[2] != ALIAS:
            yield f"HttpApi: the integration {name} does not invoke an alias {ALIAS}"
        else:
            invoked.add(found[1])
    permitted = {permission["FunctionName"].get("Fn::Sub") for permission in
                 resources(template, "AWS::Lambda::Permission").values()}
    if permitted != {f"${{{function}.Alias}}" for function in invoked}:
        yield f"the permissions are for {permitted}, and the API invokes the aliases of {invoked}"
    consumers = {name for name, function in functions(template).items()
                 if any(event["Type"] == "SQS" for event in function.get("Events", {}).values())}
    for name in sorted(invoked | consumers):
        if functions(template)[name].get("AutoPublishAlias") != ALIAS:
            yield f"{name}: it has no alias {ALIAS}"


def rollouts(template: dict) -> Iterator[str]:
    every_alarm = resources(template, "AWS::CloudWatch::Alarm")
    for name, function in functions(template).items():
        if "AutoPublishAlias" not in function:
            continue
        own = {"Name": "FunctionName", "Value": {"Ref": name}}
        named = [alarm["Ref"] for alarm in function.get("DeploymentPreference", {}).get("Alarms", [])]
        if not any(every_alarm[alarm].get("Dimensions") == [own] for alarm in named):
            yield f"{name}: no alarm of its own errors ends its rollout"
        if function.get("VersionDescription") != SETTINGS or not function.get("AutoPublishAliasAllProperties"):
            yield f"{name}: a change of its properties or of the settings makes no new version"


def settings(template: dict) -> Iterator[str]:
    """A parameter that is missing in the list would change without a new version: nobody would get it."""
    shared = template["Globals"]["Function"]
    if shared.get("Description") != SETTINGS:
        yield "Globals: a version cannot be made of a function that does not change with the settings"
    configurations = [shared, *functions(template).values()]
    used = {reference for configuration in configurations for name, value in configuration.items()
            if name not in NOT_CONFIGURATION for reference in references(value, template["Conditions"])}
    used &= set(template["Parameters"])
    listed = set(references(template["Resources"]["Settings"]["Properties"]["Content"], {}))
    if used != listed:
        yield f"Settings: missing are {sorted(used - listed)}, and no function refers to {sorted(listed - used)}"


def references(value: object, conditions: dict) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from references(one, conditions)
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        if key == "Ref":
            yield inner
        elif key == "Fn::Sub":
            yield from re.findall(r"\$\{([\w:.]+)\}", inner if isinstance(inner, str) else inner[0])
        elif key == "Fn::If":
            yield from references(conditions[inner[0]], conditions)
            yield from references(inner[1:], conditions)
        else:
            yield from references(inner, conditions)


def keys(template: dict) -> Iterator[str]:
    """Something that is forgotten here would be encrypted by AWS's key, and nothing would say so."""
    for kind, member in (("AWS::SQS::Queue", "KmsMasterKeyId"), ("AWS::Logs::LogGroup", "KmsKeyId")):
        for name, properties in resources(template, kind).items():
            if properties.get(member) != KEY:
                yield f"{name}: {member} is not KmsKeyArn"
    for name, table in resources(template, "AWS::DynamoDB::Table").items():
        if table["SSESpecification"].get("KMSMasterKeyId") != KEY:
            yield f"{name}: KMSMasterKeyId is not KmsKeyArn"
    roles = {name for name, resource in template["Resources"].items() if resource["Type"] == "AWS::IAM::Role"}
    allowed = {role["Ref"] for role in template["Resources"]["KmsKeyPolicy"]["Properties"]["Roles"]}
    if roles != allowed:
        yield f"KmsKeyPolicy: these roles may not use the key: {sorted(roles - allowed)}"


def expanded(template: dict) -> dict:
    for function in functions(template).values():
        function["CodeUri"] = "s3://bucket/key"  # as `sam deploy` replaces it
    logging.getLogger("samtranslator").setLevel(logging.ERROR)  # it warns of what it cannot ask AWS
    del template["Metadata"]["cfn-lint"]  # what is allowed before is not allowed after
    return transform(template, {}, NoManagedPolicies())


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
