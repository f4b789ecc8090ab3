# Deploys a release of the token broker as one CloudFormation stack.

terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

provider "aws" {
  region = var.region
}

locals {
  functions = ["issue", "revoke", "delete", "identity-events", "sweep"]
  zips      = { for name in local.functions : name => "${var.release}/${name}.zip" }

  # The key changes with the content: that is how the stack learns of a new release.
  folder = "acs-token-broker/${sha256(join("", [for path in values(local.zips) : filesha256(path)]))}"

  # CloudFormation reads code from a bucket only.
  template = replace(
    file("${var.release}/template.yaml"),
    "/CodeUri: (\\S+)\\.zip/",
    "CodeUri: s3://${var.bucket}/${local.folder}/$1.zip",
  )
}

resource "aws_s3_object" "function" {
  for_each = local.zips

  bucket = var.bucket
  key    = "${local.folder}/${each.key}.zip"
  source = each.value

  # A stack that rolls back needs the code that it had.
  lifecycle {
    create_before_destroy = true
  }
}

# The template is larger than the 51,200 bytes that CloudFormation takes in a request.
resource "aws_s3_object" "template" {
  bucket  = var.bucket
  key     = "${local.folder}/${sha256(local.template)}.yaml"
  content = local.template

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_cloudformation_stack" "broker" {
  name         = var.stack_name
  template_url = "https://${var.bucket}.s3.${var.region}.amazonaws.com/${aws_s3_object.template.key}"
  capabilities = ["CAPABILITY_AUTO_EXPAND", "CAPABILITY_IAM"]

  parameters = merge(var.parameters, {
    JwtIssuer    = var.jwt_issuer
    JwtAudiences = join(",", var.jwt_audiences)
    SecretArn    = var.secret_arn
  })

  depends_on = [aws_s3_object.function]
}
