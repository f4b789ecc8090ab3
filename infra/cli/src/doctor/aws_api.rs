//! Calls of AWS services of which the doctor needs one or two operations each: JSON in, JSON out,
//! signed by Amazon's own signer. Five more SDKs would outweigh the rest of the tool.

use std::fmt;

use aws_config::SdkConfig;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use identity_client::Timestamp;
use reqwest::Client;
use serde_json::Value;
use thiserror::Error;

use super::facts::reason;

/// Calls AWS as the operator.
pub(crate) struct AwsApi {
    pub(crate) http: Client,
    credentials: SharedCredentialsProvider,
    region: String,
    /// An endpoint for all services, as `AWS_ENDPOINT_URL` names it.
    endpoint: Option<String>,
    clock: fn() -> Timestamp,
}

/// A service, with what its requests need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    CloudTrail,
    CloudWatch,
    EventBridge,
    Lambda,
    Iam,
}

/// A call that failed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(crate) enum CallError {
    /// AWS refused it.
    #[error("{operation}: {code}: {message}")]
    Refused { operation: String, code: String, message: String },
    /// There is no response that can be read.
    #[error("{operation}: {reason}")]
    Failed { operation: String, reason: String },
}

/// A request that is not signed yet.
struct Call<'a> {
    service: Service,
    operation: &'a str,
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Service {
    /// Returns the name by which requests are signed.
    const fn signing_name(self) -> &'static str {
        match self {
            Self::CloudTrail => "cloudtrail",
            Self::CloudWatch => "monitoring",
            Self::EventBridge => "events",
            Self::Lambda => "lambda",
            Self::Iam => "iam",
        }
    }

    /// Returns what stands before an operation in `X-Amz-Target`, and the version of the JSON.
    const fn json(self) -> (&'static str, &'static str) {
        match self {
            Self::CloudTrail => ("com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101", "1.1"),
            Self::CloudWatch => ("GraniteServiceVersion20100801", "1.0"),
            _ => ("AWSEvents", "1.1"),
        }
    }
}

impl CallError {
    /// Returns AWS's code for the refusal.
    pub(crate) fn code(&self) -> &str {
        match self {
            Self::Refused { code, .. } => code,
            Self::Failed { .. } => "",
        }
    }
}

impl AwsApi {
    /// Returns a caller with the credentials of a configuration, which must have a region.
    pub(crate) fn new(config: &SdkConfig, http: Client, clock: fn() -> Timestamp) -> Option<Self> {
        Some(Self {
            http,
            credentials: config.credentials_provider()?,
            region: config.region()?.to_string(),
            endpoint: config.endpoint_url().map(|url| url.trim_end_matches('/').to_owned()),
            clock,
        })
    }

    /// Returns the region.
    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    /// Returns the time.
    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Calls an operation of a service that speaks JSON.
    ///
    /// # Errors
    /// [`CallError`]
    pub(crate) async fn call(
        &self,
        service: Service,
        operation: &str,
        input: &Value,
    ) -> Result<Value, CallError> {
        let (prefix, version) = service.json();
        let headers = vec![
            ("content-type", format!("application/x-amz-json-{version}")),
            ("x-amz-target", format!("{prefix}.{operation}")),
        ];
        let (path, body) = ("/".to_owned(), input.to_string());
        let call = Call { service, operation, method: "POST", path, headers, body };
        json(operation, &self.send(call).await?)
    }

    /// Returns the configuration of a function.
    ///
    /// # Errors
    /// [`CallError`]
    pub(crate) async fn function(&self, name: &str) -> Result<Value, CallError> {
        let operation = "GetFunctionConfiguration";
        let path = format!("/2015-03-31/functions/{name}/configuration");
        let (service, headers, body) = (Service::Lambda, Vec::new(), String::new());
        let call = Call { service, operation, method: "GET", path, headers, body };
        json(operation, &self.send(call).await?)
    }

    /// Calls an operation of IAM, which takes a form and responds with XML.
    ///
    /// # Errors
    /// [`CallError`]
    pub(crate) async fn iam(
        &self,
        operation: &str,
        members: &[(String, String)],
    ) -> Result<String, CallError> {
        let mut url = reqwest::Url::parse("https://iam.amazonaws.com/").map_err(|error| {
            CallError::Failed { operation: operation.to_owned(), reason: error.to_string() }
        })?;
        url.query_pairs_mut()
            .append_pair("Action", operation)
            .append_pair("Version", "2010-05-08")
            .extend_pairs(members);
        let body = url.query().unwrap_or_default().to_owned();
        let headers = vec![("content-type", "application/x-www-form-urlencoded".to_owned())];
        let (service, path) = (Service::Iam, "/".to_owned());
        let call = Call { service, operation, method: "POST", path, headers, body };
        self.send(call).await
    }

    async fn send(&self, call: Call<'_>) -> Result<String, CallError> {
        let operation = call.operation.to_owned();
        let failed = |reason: String| CallError::Failed { operation: operation.clone(), reason };
        let request = self.signed(call).await.map_err(&failed)?;
        let response = self.http.execute(request).await.map_err(|error| failed(reason(&error)))?;
        let status = response.status();
        let error_type = response.headers().get("x-amzn-errortype").cloned();
        let text = response.text().await.map_err(|error| failed(reason(&error)))?;
        if status.is_success() {
            return Ok(text);
        }
        let error_type = error_type.as_ref().and_then(|value| value.to_str().ok());
        Err(refusal(operation.clone(), error_type, status.as_u16(), &text))
    }

    async fn signed(&self, call: Call<'_>) -> Result<reqwest::Request, String> {
        let Call { service, method, path, headers, body, .. } = call;
        let (name, mut region) = (service.signing_name(), self.region.as_str());
        let mut host = format!("https://{name}.{region}.amazonaws.com");
        // IAM has one address for all regions.
        if service == Service::Iam {
            (host, region) = ("https://iam.amazonaws.com".to_owned(), "us-east-1");
        }
        let url = format!("{}{path}", self.endpoint.as_ref().unwrap_or(&host));
        let credentials = self.credentials.provide_credentials().await;
        let identity = Identity::from(credentials.map_err(|error| error.to_string())?);
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(name)
            .time(self.now().into())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| error.to_string())?;
        let named = headers.iter().map(|(name, value)| (*name, value.as_str()));
        let bytes = SignableBody::Bytes(body.as_bytes());
        let signable = SignableRequest::new(method, &url, named, bytes);
        let signable = signable.map_err(|error| error.to_string())?;
        let signed = sign(signable, &params.into()).map_err(|error| error.to_string())?;
        let (instructions, _signature) = signed.into_parts();
        let mut request = match method {
            "GET" => self.http.get(&url),
            _ => self.http.post(&url),
        };
        for (name, value) in headers.iter().map(|(name, value)| (*name, value.as_str())) {
            request = request.header(name, value);
        }
        for (name, value) in instructions.headers() {
            request = request.header(name, value);
        }
        request.body(body).build().map_err(|error| reason(&error))
    }
}

fn json(operation: &str, text: &str) -> Result<Value, CallError> {
    serde_json::from_str(text).map_err(|_| CallError::Failed {
        operation: operation.to_owned(),
        reason: "the response is not JSON".to_owned(),
    })
}

/// Returns a refusal in AWS's own words.
fn refusal(operation: String, error_type: Option<&str>, status: u16, text: &str) -> CallError {
    let body: Value = serde_json::from_str(text).unwrap_or_default();
    let member = |names: [&str; 2]| {
        let found = names.iter().find_map(|name| body.get(*name)?.as_str());
        found.map(str::to_owned)
    };
    let in_xml = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        Some(rest.split_once('<')?.0.to_owned())
    };
    let code = error_type.map(str::to_owned).or_else(|| member(["__type", "Type"]));
    let code = code.or_else(|| in_xml("Code")).unwrap_or_else(|| status.to_string());
    // The code may have a namespace before it, and a URL behind it.
    let code = code.rsplit('#').next().unwrap_or_default();
    let code = code.split(':').next().unwrap_or_default().to_owned();
    let message = member(["message", "Message"]).or_else(|| in_xml("Message"));
    CallError::Refused { operation, code, message: message.unwrap_or_default() }
}

/// The credentials are not shown.
impl fmt::Debug for AwsApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsApi").field("region", &self.region).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
