// Deploys a release of the token broker as one stack of a CDK app.
import * as path from "node:path";

import { App, Stack, StackProps } from "aws-cdk-lib";
import { CfnInclude } from "aws-cdk-lib/cloudformation-include";
import { Asset } from "aws-cdk-lib/aws-s3-assets";
import { CfnFunction } from "aws-cdk-lib/aws-sam";
import { Construct } from "constructs";

interface BrokerProps extends StackProps {
  /** The folder of an unpacked release. */
  readonly release: string;
  /** The template's parameters by name; those left out keep the template's defaults. */
  readonly parameters: Record<string, string>;
}

class BrokerStack extends Stack {
  constructor(scope: Construct, id: string, props: BrokerProps) {
    super(scope, id, props);
    const broker = new CfnInclude(this, "Broker", {
      templateFile: path.join(props.release, "template.yaml"),
      // A function names the alarm that ends its rollout, and the alarm the function. SAM makes a resource of the
      // rollout, so that CloudFormation sees no circle.
      allowCyclicalReferences: true,
    });
    for (const [name, value] of Object.entries(props.parameters)) {
      // A default keeps the template's own check of the value; a value in its place would not.
      broker.getParameter(name).default = value;
    }
    for (const name of ["Issue", "Revoke", "Delete", "Sweep", "IdentityEvents"]) {
      const resource = broker.getResource(`${name}Function`) as CfnFunction;
      const asset = new Asset(this, `${name}Code`, {
        path: path.join(props.release, resource.codeUri as string),
      });
      resource.codeUri = { bucket: asset.s3BucketName, key: asset.s3ObjectKey };
    }
  }
}

const app = new App();
new BrokerStack(app, "acs-token-broker", {
  release: process.env.BROKER_RELEASE ?? "release",
  parameters: {
    JwtIssuer: "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI",
    JwtAudiences: "1example23456789",
    SecretArn: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:acs-token-broker-AbCdEf",
  },
});
