"""Transforms infra/aws/template.yaml into a form that MiniStack can deploy.

The SAM translator, which AWS runs too, makes plain CloudFormation of it. Only the parts that
MiniStack does not support are replaced; each change says why.
"""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-1")  # the translator asks boto3 for one

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

TEMPLATE = Path(__file__).resolve().parent.parent.parent / "infra/aws/template.yaml"

# A message that fails is in the dead letters after two tries, within seconds.
VISIBILITY_SECONDS = 3
MAX_RECEIVES = 2


class NoManagedPolicies:
    """An empty list: the template names none, and the translator would ask IAM for theirs."""

    def load(self) -> dict:
        return {}


def cloudformation(bucket: str, endpoints: dict[str, str]) -> dict:
    """Returns the template for create_stack; `<binary>.zip` in `bucket` is a function's code.

    `endpoints` has the address of AWS's APIs for each function, by its logical id.
    """
    source = yaml_parse(TEMPLATE.read_text())
    for name, resource in source["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            variables = resource["Properties"].setdefault("Environment", {}).setdefault("Variables", {})
            variables["AWS_ENDPOINT_URL"] = endpoints[name]
            key = resource["Metadata"]["BuildProperties"]["Binary"] + ".zip"
            resource["Properties"]["CodeUri"] = {"Bucket": bucket, "Key": key}
    # The identity provider of a test has no certificate that MiniStack trusts.
    source["Parameters"]["JwtIssuer"].pop("AllowedPattern")
    made = transform(source, {}, NoManagedPolicies())
    resources = made["Resources"]
    for name, resource in list(resources.items()):
        properties = resource["Properties"]
        match resource["Type"]:
            case "AWS::ApiGatewayV2::Api":
                # MiniStack ignores a Body: every route would be missing.
                resources.update(routes(name, properties))
            case "AWS::Events::Rule" if properties.get("State", "").startswith("ENABLED_"):
                # MiniStack treats a rule in any state but ENABLED as disabled.
                properties["State"] = "ENABLED"
            case "AWS::SQS::Queue" if "RedrivePolicy" in properties:
                properties["VisibilityTimeout"] = VISIBILITY_SECONDS
                properties["RedrivePolicy"]["maxReceiveCount"] = MAX_RECEIVES
            case "AWS::CodeDeploy::Application" | "AWS::CodeDeploy::DeploymentGroup":
                # MiniStack has no CodeDeploy: an alias moves to a new version at once.
                del resources[name]
            case "AWS::Lambda::Alias":
                resource.pop("UpdatePolicy", None)
            case "AWS::CloudWatch::Alarm" if "Metrics" in properties:
                # MiniStack has no alarms on a query or on a sum of metrics.
                del resources[name]
            case "AWS::SQS::QueuePolicy":
                # MiniStack serves plain http, which these statements refuse.
                statements = properties["PolicyDocument"]["Statement"]
                statements[:] = [statement for statement in statements if statement["Sid"] != "OnlyEncrypted"]
    return made


def routes(api: str, properties: dict) -> dict:
    """Returns the resources that API Gateway itself makes of an API's Body."""
    body = properties.pop("Body")
    properties.update(Name=body["info"]["title"], ProtocolType="HTTP")
    # MiniStack reads the members in this spelling, not in CloudFormation's.
    properties["CorsConfiguration"] = body["x-amazon-apigateway-cors"]
    made = {}
    for name, scheme in body["components"]["securitySchemes"].items():
        made[f"{api}{name}Authorizer"] = authorizer(api, name, scheme["x-amazon-apigateway-authorizer"])
    for name, integration in body["components"]["x-amazon-apigateway-integrations"].items():
        made[f"{api}{name}Integration"] = {"Type": "AWS::ApiGatewayV2::Integration", "Properties": {
            "ApiId": {"Ref": api},
            "IntegrationType": "AWS_PROXY",
            "IntegrationMethod": integration["httpMethod"],
            "IntegrationUri": integration["uri"],
            "PayloadFormatVersion": integration["payloadFormatVersion"],
        }}
    for path, methods in body["paths"].items():
        for method, operation in methods.items():
            made[f"{api}{operation['operationId']}Route"] = route(api, f"{method.upper()} {path}", operation)
    return made


def authorizer(api: str, name: str, scheme: dict) -> dict:
    jwt = scheme["jwtConfiguration"]
    return {"Type": "AWS::ApiGatewayV2::Authorizer", "Properties": {
        "ApiId": {"Ref": api},
        "Name": name,
        "AuthorizerType": "JWT",
        "IdentitySource": [scheme["identitySource"]],
        "JwtConfiguration": {"Issuer": jwt["issuer"], "Audience": jwt["audience"]},
    }}


def route(api: str, key: str, operation: dict) -> dict:
    integration = operation["x-amazon-apigateway-integration"]["$ref"].rpartition("/")[2]
    ((scheme, scopes),) = operation["security"][0].items()
    return {"Type": "AWS::ApiGatewayV2::Route", "Properties": {
        "ApiId": {"Ref": api},
        "RouteKey": key,
        "Target": {"Fn::Sub": f"integrations/${{{api}{integration}Integration}}"},
        "AuthorizationType": "JWT",
        "AuthorizerId": {"Ref": f"{api}{scheme}Authorizer"},
        "AuthorizationScopes": scopes,
    }}
