variable "release" {
  description = "The folder of an unpacked release."
  type        = string
}

variable "bucket" {
  description = "A private bucket of yours for the functions' code, in the stack's region."
  type        = string
}

variable "region" {
  description = "The region of the bucket and of the stack."
  type        = string
}

variable "stack_name" {
  description = "The stack's name. Its metrics have it as their namespace."
  type        = string
  default     = "acs-token-broker"
}

variable "jwt_issuer" {
  description = "The issuer (iss) of the access tokens that apps send."
  type        = string
}

variable "jwt_audiences" {
  description = "The audiences (aud, or Cognito's client_id) that the access tokens may have."
  type        = list(string)
}

variable "secret_arn" {
  description = "The secret with the ACS connection strings and the hash key."
  type        = string
}

variable "parameters" {
  description = "The template's other parameters by name; those left out keep their defaults."
  type        = map(string)
  default     = {}
}
